"""The training curves in a page: lines for SVG, and the numbers that a cursor reads from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from convgan.reporting.curves import Panel, curve_panels, is_logarithmic, without_repetition
from convgan.reporting.figures import drawable

_MOST, _MOST_NAMES = 1000, 40  # places along a line; a screen shows no more
_Rows: TypeAlias = list[dict[str, Any]]
_Scale: TypeAlias = Callable[[float], float]  # value to percent of an axis


class Line(NamedTuple):
    """`d` of SVG in a field of 1000 × 100, also of points if they are few; what a cursor reads."""

    name: str
    path: str
    points: str
    readings: list[float | None]


class Plot(NamedTuple):
    """Lines of one kind, and the numbers at their axis by the percent from the bottom."""

    title: str
    lines: list[Line]
    ticks: list[tuple[float, str]]


class PageCurves(NamedTuple):
    """All plots above the same epochs; one in `every` log line has a place for the cursor."""

    plots: list[Plot]
    ticks: list[tuple[float, str]]
    places: list[dict[str, float]]
    """`x` in percent, `epoch` and `step`."""
    every: int
    left_out: int
    """Values that are not finite."""


def page_curves(records: Sequence[dict[str, Any]]) -> PageCurves | None:
    """Return the plots of a run's log; None where it has nothing to draw."""
    rows = _by_step(records)
    panels, left_out = curve_panels(rows)
    if not panels:
        return None
    low, high = min(0, *(row["epoch"] for row in rows)), max(row["epoch"] for row in rows)
    across = _scale(low, high if high > low else low + 1)
    return PageCurves(
        plots=[_plot(title, panel, rows, across) for title, panel in panels.items()],
        ticks=[(across(epoch), f"{epoch:g}") for epoch in _round_numbers(low, high, 8)],
        places=[
            {"x": round(across(row["epoch"]), 2), "epoch": row["epoch"], "step": row["step"]}
            for row in _thinned(rows)
        ],
        every=_stride(rows),
        left_out=left_out,
    )


def _by_step(records: Sequence[dict[str, Any]]) -> _Rows:
    """Return what was logged at each step as one row: of a call, and of the epoch that it ends."""
    rows: dict[Any, dict[str, Any]] = {}
    for record in without_repetition(records):
        if drawable(record.get("epoch")):
            rows.setdefault(record["step"], {}).update(record)
    names = list(dict.fromkeys(name for row in rows.values() for name in row))[:_MOST_NAMES]
    return [{name: row[name] for name in names if name in row} for row in rows.values()]


def _stride(values: Sequence[Any]) -> int:
    return math.ceil(len(values) / _MOST)


def _thinned(values: list[Any]) -> list[Any]:
    """Return at most `_MOST` of these, evenly, with the last one."""
    return values[:: -_stride(values)][::-1]


def _plot(title: str, panel: Panel, rows: _Rows, across: _Scale) -> Plot:
    logarithmic = is_logarithmic(title, panel)
    drawn = {
        name: [(x, y) for x, y in points if y > 0 or not logarithmic]
        for name, points in panel.items()
    }
    heights = [y for points in drawn.values() for _, y in points]
    low, high = min(heights), max(heights)
    if high - low <= 1e-4 * max(abs(low), abs(high)):  # as good as one value
        low, high = low - (abs(low) / 2 or 1), high + (abs(high) / 2 or 1)
    ticks = _round_numbers(low, high, 4, logarithmic=logarithmic)
    up = _scale(low, high, logarithmic=logarithmic)
    lines = []
    for name, points in drawn.items():
        places = [f"{10 * across(x):.1f},{100 - up(y):.2f}" for x, y in _thinned(points)]
        few = name.startswith("val_") or len(places) == 1
        marks = "".join(f"M{place}h0" for place in places) if few else ""
        lines.append(Line(name, "M" + "L".join(places), marks, _readings(name, rows)))
    return Plot(title, lines, [(up(each), f"{each:g}") for each in ticks])


def _scale(low: float, high: float, *, logarithmic: bool = False) -> _Scale:
    """Return the function that gives 0 for the low end and 100 for the high one."""
    if logarithmic:
        inner = _scale(math.log10(low), math.log10(high))
        return lambda value: inner(math.log10(value))
    return lambda value: 100 * (value - low) / (high - low)


def _round_numbers(low: float, high: float, most: int, *, logarithmic: bool = False) -> list[float]:
    """Return numbers between these two for an axis, about as many as `most`."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 (0.4 s that only plots need)

    if logarithmic:
        decades = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
        if len(decades) > 1:
            return [10.0**power for power in decades[:: math.ceil(len(decades) / most)]]
    found = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [float(each) for each in found if low <= each <= high]


def _readings(name: str, rows: _Rows) -> list[float | None]:
    """Return a line's values in four digits; what is validated holds until the next epoch."""
    readings: list[float | None] = []
    for row in rows:
        value = row.get(name)
        held = readings[-1] if readings and name.startswith("val_") else None
        readings.append(float(f"{value:.4g}") if drawable(value) else held)
    return _thinned(readings)
