"""Whole commands: time to `--help`, time from the start to the first step, peak memory.

python -m benchmarks.commands [--rounds 5] [--out docs/benchmark]
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

logger = logging.getLogger("benchmarks")

CONVGAN = [sys.executable, "-c", "from convgan.cli import main; main()"]
TENSORFLOW = [sys.executable, "-c", "import tensorflow"]
SAMPLE = ["--set=data.source=sample", "--device=cpu"]
ONE_STEP = ["--set=train.steps_per_call=1", "--epochs=1"]


def seconds_and_memory(command: list[str]) -> tuple[float, float]:
    """Return how long a command took, and its largest resident memory in MB."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return time.perf_counter() - begin, usage.ru_maxrss / 1024


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
        taken.setdefault("seconds to --help", []).append(
            seconds_and_memory([*CONVGAN, "--help"])[0]
        )
        seconds, megabytes = seconds_and_memory(TENSORFLOW)
        taken.setdefault("seconds to import TensorFlow", []).append(seconds)
        taken.setdefault("MB after importing TensorFlow", []).append(megabytes)
        for task in ("classifier", "dcgan"):
            taken.setdefault(f"seconds to the first step of train-{task}", []).append(
                seconds_to_first_step(task)
            )
    for task in ("classifier", "dcgan"):
        with tempfile.TemporaryDirectory() as folder:
            command = [*CONVGAN, f"train-{task}", "--device=cpu", "--epochs=1", "--out", folder]
            taken[f"MB at most in an epoch of train-{task}"] = [seconds_and_memory(command)[1]]
    return {name: statistics.median(values) for name, values in taken.items()}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmark"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stdout)
    numbers = measure(options.rounds)
    for name, value in numbers.items():
        logger.info("%-45s %8.2f", name, value)
    (options.out / "commands.json").write_text(json.dumps(numbers, indent=2) + "\n")


if __name__ == "__main__":
    main()
