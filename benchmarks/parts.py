"""What each part of the fast step gains: the step as it is, and with that part taken out.

    python -m benchmarks.parts [--rounds 15] [--out docs/benchmark]

All take turns; a gain is the median over the rounds of the ratio within a round.
"""

from __future__ import annotations

import os
import statistics
from typing import Any
from unittest.mock import patch

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as convgan does, before it is imported

import tensorflow as tf

from benchmarks.options import logger, parser, read_options, write
from benchmarks.steps import SIMULTANEOUS
from convgan.hardware import start_tensorflow
from convgan.recipes.bench import config_step
from convgan.training.timing import Steps, seconds_per_step

ONE_PASS = ("convgan.training.gan.treats_samples_separately", lambda *_: False)

STEPS: dict[str, tuple[list[str], dict[str, tuple[str, Any]]]] = {
    "dcgan-fashion-article": ([SIMULTANEOUS], {"one backward pass": ONE_PASS}),
    "classifier-mnist": ([], {}),
}
MANY = "several steps per call"


def candidates(preset: str, changes: list[str], parts: dict[str, tuple[str, Any]]) -> Any:
    """Return the step as it is, named "", and by the name of a part the step without it."""
    whole = config_step(preset, changes).steps
    made = {"": whole, MANY: one_by_one(whole)}
    for name, (target, usual) in parts.items():
        with patch(target, usual):
            made[name] = config_step(preset, changes).steps
    return made


def one_by_one(steps: Steps) -> Steps:
    """Return what makes one step per call."""

    def run(count: int) -> None:
        for _ in range(count):
            steps(1)

    return run


def measure(rounds: int) -> list[dict[str, Any]]:
    """Return for each part its preset, and milliseconds with and without it."""
    rows = []
    for preset, (changes, parts) in STEPS.items():
        times = seconds_per_step(candidates(preset, changes, parts), rounds=rounds)
        whole = times.pop("")
        for name, without in times.items():
            ratios = [b / a for a, b in zip(whole, without, strict=True)]
            rows.append(
                {
                    "preset": preset,
                    "part": name,
                    "milliseconds": 1e3 * statistics.median(whole),
                    "without": 1e3 * statistics.median(without),
                    "ratio": statistics.median(ratios),
                    "quartiles": statistics.quantiles(ratios, n=4)[::2],
                }
            )
    return rows


def main() -> None:
    """Measure, print and write."""
    options = read_options(parser(__doc__, rounds=15))
    start_tensorflow(device="cpu")
    tf.get_logger().setLevel("ERROR")  # it takes the many steps for one that is traced again
    rows = measure(options.rounds)
    for row in rows:
        logger.info(
            "%-22s %5.1f ms, less %-17s %5.1f: %.3f (%.3f to %.3f)",
            row["preset"], row["milliseconds"], row["part"], row["without"], row["ratio"],
            *row["quartiles"],
        )  # fmt: skip
    write(options.out / "parts.json", rows)


if __name__ == "__main__":
    main()
