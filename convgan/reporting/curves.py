"""The training curves: everything in the metrics log that has a course, in panels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from convgan.errors import DataError
from convgan.reporting.figures import plain_numbers, png_figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    Record = Mapping[str, float | None]

_LARGEST = 1e30  # drawn; more than float32 makes matplotlib overflow
_DECADES = 2.0  # a panel of learning rates that spans more is logarithmic
_HEIGHT, _SMALL_HEIGHT = 3.0, 1.7  # inches of the first panel, of the others
_TITLES = {"frechet": "Fréchet distance"}
_PANELS = {
    "loss": "loss",
    "accuracy": "accuracy",
    "d_real": "probability",
    "d_fake": "probability",
    "d_real_output": "mean output of the\ndiscriminator",
    "d_fake_output": "mean output of the\ndiscriminator",
    "learning_rate": "learning rate",
    "grad_norm": "gradient norm",
}
_ORDER = tuple(dict.fromkeys(_PANELS.values()))


class _Curve(NamedTuple):
    name: str
    epochs: list[float]
    values: list[float]
    left_out: int


def save_curves(path: Path, records: Sequence[Record]) -> None:
    """Draw a run's metrics over its epochs as one PNG file.

    The panels from above: names that end in `loss`; in `accuracy`; `d_real` and `d_fake`, the
    discriminator's mean probability that a real or a generated image is real; `d_real_output`
    and `d_fake_output`, its mean outputs where they are no probabilities; one for each other
    name that begins with `val_`; `learning_rate`s; `grad_norm`s on a logarithmic scale. Other
    names are not drawn. Names that begin with `val_` are once per epoch and get markers. Values
    that are not finite are left out and counted in the title.

    Args:
        path: the file to write.
        records: the metrics log; each has `epoch`, the number of epochs done, with its fraction,
            and some names. None stands for a value that was not finite.

    Raises:
        DataError: no record has anything to draw.
        RunError: the file cannot be written.
    """
    names = sorted(
        dict.fromkeys(name for record in records for name in record),
        key=lambda name: name.startswith("val_"),
    )
    curves = {name: _curve(records, name) for name in names if _label(name)}
    left_out = sum(curve.left_out for curve in curves.values())
    panels: dict[str, list[_Curve]] = {}
    for name, curve in curves.items():
        if curve.values:
            panels.setdefault(_label(name) or "", []).append(curve)
    if not panels:
        raise DataError("the metrics log has no finite number to draw")
    labels = sorted(panels, key=_place)
    heights = [_HEIGHT, *[_SMALL_HEIGHT] * (len(labels) - 1)]
    with png_figure(path, 8, sum(heights) + 0.6) as figure:
        grid = figure.subplots(
            len(labels), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
        )
        for axes, label in zip(grid[:, 0], labels, strict=True):
            _draw(axes, label, panels[label])
        figure.align_ylabels(grid[:, 0])
        grid[-1, 0].set_xlabel("epoch")
        note = f" (values that are not finite, left out: {left_out})" if left_out else ""
        grid[0, 0].set_title("training curves" + note, loc="left")


def _label(name: str) -> str | None:
    """Return the label of the panel that a name belongs to, or None."""
    if name in _PANELS:
        return _PANELS[name]
    for ending in ("loss", "accuracy", "learning_rate", "grad_norm"):
        if name.endswith(ending):
            return _PANELS[ending]
    kind, _, rest = name.partition("_")
    return _TITLES.get(rest, rest.replace("_", " ")) if kind == "val" and rest else None


def _place(label: str) -> int:
    """Return the panel's rank from above: what is validated stands before rates and norms."""
    return _ORDER.index(label) if label in _ORDER else _ORDER.index("learning rate") - 1


def _curve(records: Sequence[Record], name: str) -> _Curve:
    points = [(record.get("epoch"), record[name]) for record in records if name in record]
    drawn = [(x, y) for x, y in points if _drawable(x) and _drawable(y)]
    return _Curve(name, [x for x, _ in drawn], [y for _, y in drawn], len(points) - len(drawn))


def _draw(axes: Axes, label: str, curves: Sequence[_Curve]) -> None:
    for order, curve in enumerate(curves):
        per_epoch = curve.name.startswith("val_")
        # A single point has no line; a marker makes it visible.
        marker = "o" if per_epoch or len(curve.epochs) == 1 else ""
        axes.plot(
            curve.epochs,
            curve.values,
            color=f"C{order}",
            alpha=0.9,
            marker=marker,
            ms=4,
            lw=1.6 if per_epoch else 0.8,
            label=curve.name,
        )
    positive = [value for curve in curves for value in curve.values if value > 0]
    wide = bool(positive) and math.log10(max(positive) / min(positive)) > _DECADES
    if label == "gradient norm" or (label == "learning rate" and wide):
        axes.set_yscale("log")
        plain_numbers(axes.yaxis)
    axes.set_ylabel(label)
    axes.grid(True)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _drawable(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value) and abs(value) <= _LARGEST
