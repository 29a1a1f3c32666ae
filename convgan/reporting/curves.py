"""The training curves: losses, accuracies or probabilities, and gradient norms, in panels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeGuard

from convgan.errors import DataError
from convgan.reporting.figures import plain_numbers, png_figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    Record = Mapping[str, float | None]

_PROBABILITIES = ("d_real", "d_fake")
_LARGEST = 1e30  # drawn; more than float32 makes matplotlib overflow


def save_curves(path: Path, records: Sequence[Record]) -> None:
    """Draw a run's metrics over its epochs as one PNG file.

    Names that end in `loss` go to the upper panel; names that end in `accuracy`, and `d_real`
    and `d_fake` (the discriminator's mean probability that a real or a generated picture is
    real), to the next; names that end in `grad_norm` to the last, on a logarithmic scale. Other
    names are not drawn. Names that begin with `val_` are once an epoch and get markers. Values
    that are not finite are left out and counted in the title.

    Args:
        path: the file to write.
        records: the metrics log; each has `epoch`, the number of epochs done, with its fraction,
            and some names. None stands for a value that was not finite.

    Raises:
        DataError: no record has anything to draw.
        RunError: the file cannot be written.
    """
    seen = dict.fromkeys(name for record in records for name in record)
    names = sorted(seen, key=lambda name: name.startswith("val_"))
    losses = [name for name in names if name.endswith("loss")]
    shares = [name for name in names if name.endswith("accuracy") or name in _PROBABILITIES]
    norms = [name for name in names if name.endswith("grad_norm")]
    candidates = (("loss", losses), (_share_label(shares), shares), ("gradient norm", norms))
    panels = [
        (label, chosen)
        for label, chosen in candidates
        if any(_points(records, name)[0] for name in chosen)
    ]
    if not panels:
        raise DataError("the metrics log has no finite loss or accuracy to draw")
    left_out = sum(
        sum(name in record for record in records) - len(_points(records, name)[0])
        for name in losses + shares + norms
    )
    with png_figure(path, 8, 3.4 * len(panels)) as figure:
        axes = list(figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0])
        for panel, (label, chosen) in zip(axes, panels, strict=True):
            for order, name in enumerate(chosen):
                _draw(panel, records, name, f"C{order}")
            panel.set_ylabel(label)
            if chosen is norms:
                panel.set_yscale("log")
                plain_numbers(panel.yaxis)
            panel.grid(True)
            panel.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        axes[-1].set_xlabel("epoch")
        note = f" (values that are not finite, left out: {left_out})" if left_out else ""
        axes[0].set_title("training curves" + note, loc="left")


def _share_label(names: list[str]) -> str:
    return "probability" if set(names) & set(_PROBABILITIES) else "accuracy"


def _drawable(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value) and abs(value) <= _LARGEST


def _points(records: Sequence[Record], name: str) -> tuple[list[float], list[float]]:
    epochs, values = [], []
    for record in records:
        epoch, value = record.get("epoch"), record.get(name)
        if _drawable(epoch) and _drawable(value):
            epochs.append(epoch)
            values.append(value)
    return epochs, values


def _draw(panel: Axes, records: Sequence[Record], name: str, colour: str) -> None:
    epochs, values = _points(records, name)
    if not epochs:
        return
    per_epoch = name.startswith("val_")
    # A single point has no line; a marker makes it visible.
    marker = "o" if per_epoch or len(epochs) == 1 else ""
    width = 1.6 if per_epoch else 0.8
    panel.plot(epochs, values, color=colour, alpha=0.9, marker=marker, ms=4, lw=width, label=name)
