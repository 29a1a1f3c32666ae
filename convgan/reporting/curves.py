"""The training curves: everything in the metrics log that has a course, in panels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from convgan.errors import DataError
from convgan.reporting.figures import drawable, plain_numbers, png_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DECADES = 2.0  # a panel of learning rates that spans more is logarithmic
_HEIGHT, _SMALL_HEIGHT = 3.0, 1.7  # inches of the first panel, of the others
_TITLES = {"frechet": "Fréchet distance"}
_PANELS = {
    "loss": "loss",
    "penalty": "penalty",
    "accuracy": "accuracy",
    "d_real": "probability",
    "d_fake": "probability",
    "d_real_output": "mean output of the\ndiscriminator",
    "d_fake_output": "mean output of the\ndiscriminator",
    "d_sign": "mean sign of D,\nprobability",
    "augment_p": "mean sign of D,\nprobability",
    "learning_rate": "learning rate",
    "grad_norm": "gradient norm",
}
_ORDER = {label: rank for rank, label in enumerate(_PANELS.values())}
Record: TypeAlias = Mapping[str, float | None]
Panel: TypeAlias = dict[str, list[tuple[float, float]]]
"""Points (epoch, value) by the line's name."""


def save_curves(path: Path, records: Sequence[Record]) -> None:
    """Draw a run's metrics over its epochs as one PNG file.

    `val_` names are once per epoch and get markers. Values that are not finite are left out and
    counted in the title.

    Raises:
        DataError: no record has anything to draw.
        RunError: the file cannot be written.
    """
    panels, left_out = curve_panels(records)
    if not panels:
        raise DataError("the metrics log has no finite number to draw")
    heights = [_HEIGHT, *[_SMALL_HEIGHT] * (len(panels) - 1)]
    with png_figure(path, 8, sum(heights) + 0.6) as figure:
        grid = figure.subplots(
            len(panels), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
        )
        for axes, (label, curves) in zip(grid[:, 0], panels.items(), strict=True):
            _draw(axes, label, curves)
        figure.align_ylabels(grid[:, 0])
        grid[-1, 0].set_xlabel("epoch")
        note = f" (values that are not finite, left out: {left_out})" if left_out else ""
        grid[0, 0].set_title("training curves" + note, loc="left")


def curve_panels(records: Sequence[Record]) -> tuple[dict[str, Panel], int]:
    """Return what is drawn, from top to bottom, and how many values are not finite.

    The panels are those of `_PANELS`, and one for each other name that begins with `val_`; other
    names are not drawn.
    """
    names = sorted(
        dict.fromkeys(name for record in records for name in record),
        key=lambda name: name.startswith("val_"),
    )
    panels: dict[str, Panel] = {}
    left_out = 0
    for name in names:
        points = [(record.get("epoch"), record[name]) for record in records if name in record]
        drawn = [(x, y) for x, y in points if drawable(x) and drawable(y)]
        if label := _label(name):
            left_out += len(points) - len(drawn)
            if drawn:
                panels.setdefault(label, {})[name] = drawn
    # What is validated stands above the learning rates and the gradient norms.
    labels = sorted(panels, key=lambda label: _ORDER.get(label, _ORDER["learning rate"] - 0.5))
    return {label: panels[label] for label in labels}, left_out


def is_logarithmic(label: str, curves: Panel) -> bool:
    """Return whether a panel's values are drawn by their powers of ten."""
    positive = [value for points in curves.values() for _, value in points if value > 0]
    wide = bool(positive) and math.log10(max(positive) / min(positive)) > _DECADES
    return bool(positive) and (label == "gradient norm" or (label == "learning rate" and wide))


def without_repetition(records: Sequence[Record]) -> list[dict[str, float | None]]:
    """Return a log's lines, of an epoch's only the validation: its means repeat the calls'."""
    return [
        {key: value for key, value in record.items() if key.startswith(("val_", "step", "epoch"))}
        if "end_of_epoch" in record
        else dict(record)
        for record in records
    ]


def _label(name: str) -> str | None:
    """Return the label of the panel that a name belongs to, or None."""
    if name in _PANELS:
        return _PANELS[name]
    for ending in ("loss", "penalty", "accuracy", "learning_rate", "grad_norm"):
        if name.endswith(ending):
            return _PANELS[ending]
    kind, _, rest = name.partition("_")
    return _TITLES.get(rest, rest.replace("_", " ")) if kind == "val" and rest else None


def _draw(axes: Axes, label: str, curves: Panel) -> None:
    for name, points in curves.items():
        per_epoch = name.startswith("val_")
        # A single point has no line; a marker makes it visible.
        marker = "o" if per_epoch or len(points) == 1 else ""
        width = 1.6 if per_epoch else 0.8
        axes.plot(*zip(*points, strict=True), marker=marker, lw=width, ms=4, alpha=0.9, label=name)
    if is_logarithmic(label, curves):
        axes.set_yscale("log")
        plain_numbers(axes.yaxis)
    axes.set_ylabel(label)
    axes.grid(True)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
