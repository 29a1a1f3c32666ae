"""How long a training step takes: several interleaved, so that load affects all equally."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

Steps = Callable[[int], Any]
"""Makes a number of steps and returns when they are done."""


def seconds_per_step(
    candidates: Mapping[str, Steps], *, rounds: int = 9, seconds: float = 0.5
) -> dict[str, list[float]]:
    """Measure each candidate `rounds` times, alternating, after some calls that are not counted.

    Args:
        candidates: by name.
        rounds: measurements of each.
        seconds: about how long one measurement takes, at least one step.

    Returns:
        seconds per step, by name, in the order measured.
    """
    counts = {name: _count(steps, seconds) for name, steps in candidates.items()}
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, steps in candidates.items():
            times[name].append(_timed(steps, counts[name]))
    return times


def _count(steps: Steps, seconds: float) -> int:
    """Return how many steps take about that long, though a call may have a cost of its own."""
    steps(1)  # compiles
    count = 1
    while (taken := count * _timed(steps, count)) < seconds / 2:
        count = min(8 * count, math.ceil(count * seconds / taken))
    return count


def _timed(steps: Steps, count: int) -> float:
    begin = time.perf_counter()
    steps(count)
    return (time.perf_counter() - begin) / count
