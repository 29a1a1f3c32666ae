"""What a default training costs beside its steps: data, validation, grids, plots, checkpoints.

    python -m benchmarks.overhead [--out docs/benchmark]

The time from the call of the recipe to its end, without TensorFlow's import, less the time in the
compiled steps; and the most memory, beside that after importing TensorFlow. Needs the full data
sets; of the DCGAN one epoch is made, as all are alike. Each runs in a process of its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.options import logger, parser, read_options, train, write

RUNS: dict[str, list[str]] = {"classifier-mnist": [], "dcgan-fashion": ["train.epochs=1"]}


def measure(preset: str, changes: list[str]) -> dict[str, float]:
    """Return seconds of a whole training and of its steps, and memory in MB."""
    import tensorflow  # noqa: F401, PLC0415  what is measured

    imported = peak_megabytes()

    from convgan.config import load_config  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        config = load_config(preset, ["data.source=full", *changes])
        run = train(config, Path(folder))
        seconds = time.perf_counter() - begin
        assert run
        steps = run.manifest["times"][-1]["seconds"]
    return {
        "seconds": seconds,
        "steps": steps,
        "share_beside": 1 - steps / seconds,
        "megabytes_after_import": imported,
        "megabytes": peak_megabytes(),
    }


def peak_megabytes() -> float:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure, print and write."""
    arguments = parser(__doc__)
    arguments.add_argument("--preset", choices=RUNS, help="measure this one here, and print JSON")
    options = read_options(arguments)
    if options.preset:
        logger.info(json.dumps(measure(options.preset, RUNS[options.preset])))
        return
    results = {}
    for preset in RUNS:
        command = [sys.executable, "-m", "benchmarks.overhead", "--preset", preset]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        numbers = results[preset] = json.loads(done.stdout.splitlines()[-1])
        logger.info(
            "%-20s %6.1f s, of which steps %6.1f s: %.1f %% beside them; %.0f MB, "
            "%.0f after importing TensorFlow",
            preset, numbers["seconds"], numbers["steps"], 100 * numbers["share_beside"],
            numbers["megabytes"], numbers["megabytes_after_import"],
        )  # fmt: skip
    write(options.out / "overhead.json", results)


if __name__ == "__main__":
    main()
