"""What a default training costs beside its steps: data, validation, grids, plots, checkpoints.

    python -m benchmarks.overhead [--out docs/benchmark]

The time from the call of the recipe to its end, without TensorFlow's import, less the time in the
compiled steps. Needs the full data sets; of the DCGAN one epoch is made, as all are alike.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from convgan.config import load_config
from convgan.recipes.job import Job
from convgan.recipes.training import train

logger = logging.getLogger("benchmarks")

RUNS = {"classifier-mnist": [], "dcgan-fashion": ["train.epochs=1"]}


def measure(preset: str, changes: list[str]) -> dict[str, float]:
    """Return the seconds of a whole training, of its steps, and the share of the rest."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        run = train(
            load_config(preset, ["data.source=full", *changes]),
            Job(Path(folder), "benchmark", "CPU", ""),
        )
        seconds = time.perf_counter() - begin
        assert run
        steps = run.manifest["times"][-1]["seconds"]
    return {"seconds": seconds, "steps": steps, "share_beside": 1 - steps / seconds}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/benchmark"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stdout)
    results = {preset: measure(preset, changes) for preset, changes in RUNS.items()}
    for preset, numbers in results.items():
        logger.info(
            "%-20s %6.1f s, of which steps %6.1f s: %.1f %% beside them",
            preset, numbers["seconds"], numbers["steps"], 100 * numbers["share_beside"],
        )  # fmt: skip
    (options.out / "overhead.json").write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
