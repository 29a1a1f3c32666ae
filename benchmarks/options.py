"""What the benchmarks' command lines share."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convgan.config import Config
    from convgan.runs import Run

logger = logging.getLogger("benchmarks")


def parser(description: str, *, rounds: int | None = None) -> argparse.ArgumentParser:
    """Return a parser with `--out`, and `--rounds` where measurements are repeated."""
    made = argparse.ArgumentParser(description=description.splitlines()[0])
    made.add_argument("--out", type=Path, default=Path("docs/benchmark"))
    if rounds:
        made.add_argument("--rounds", type=int, default=rounds)
    return made


def read_options(arguments: argparse.ArgumentParser) -> argparse.Namespace:
    """Parse the command line, make the folder of the results and start to log to stdout."""
    options = arguments.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stdout)
    return options


def train(config: Config, out: Path) -> Run | None:
    """Train what the configuration describes, as the command line does."""
    from convgan.callbacks.session import RunOptions  # noqa: PLC0415  TensorFlow's import is timed
    from convgan.recipes import train as recipe  # noqa: PLC0415

    return recipe.train(config, RunOptions(out, "benchmark", "CPU", ""))


def write(path: Path, record: Any) -> None:
    """Write the numbers as JSON."""
    path.write_text(json.dumps(record, indent=2) + "\n")
