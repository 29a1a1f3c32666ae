"""Whole commands: time to `--help`, and from the start of a training to its first step.

python -m benchmarks.commands [--rounds 5] [--out docs/benchmark]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.options import logger, parser, read_options, write

CONVGAN = [sys.executable, "-c", "from convgan.cli import main; main()"]
TENSORFLOW = [sys.executable, "-c", "import tensorflow"]
SAMPLE = ["--set=data.source=sample", "--device=cpu"]
ONE_STEP = ["--set=train.steps_per_call=1", "--epochs=1"]


def seconds_of(command: list[str]) -> float:
    """Return how long a command took."""
    begin = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def seconds_to_first_step(task: str) -> float:
    """Return the time from the start of a training to the first line of its log."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        process = subprocess.Popen(
            [*CONVGAN, f"train-{task}", *SAMPLE, *ONE_STEP, "--out", folder],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while not any(path.stat().st_size for path in Path(folder).glob("*/metrics.jsonl")):
            if process.poll() is not None:
                raise RuntimeError(f"train-{task} ended with {process.returncode}")
            time.sleep(0.01)
        seconds = time.perf_counter() - begin
        process.kill()
        process.wait()
    return seconds


def measure(rounds: int) -> dict[str, Any]:
    """Return the medians over some rounds of everything in turn."""
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        taken.setdefault("seconds to --help", []).append(seconds_of([*CONVGAN, "--help"]))
        taken.setdefault("seconds to import TensorFlow", []).append(seconds_of(TENSORFLOW))
        for task in ("classifier", "dcgan"):
            taken.setdefault(f"seconds to the first step of train-{task}", []).append(
                seconds_to_first_step(task)
            )
    return {name: statistics.median(values) for name, values in taken.items()}


def main() -> None:
    """Measure, print and write."""
    options = read_options(parser(__doc__, rounds=5))
    numbers = measure(options.rounds)
    for name, value in numbers.items():
        logger.info("%-45s %8.2f", name, value)
    write(options.out / "commands.json", numbers)


if __name__ == "__main__":
    main()
