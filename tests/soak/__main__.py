"""`python -m tests.soak dcgan --kills 100`: kill a run so often, at random moments of each kind."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from . import test_kill
from .forked import Forked
from .runs import TASKS, run_in


def main() -> int:
    """Return 1 if a run ended otherwise than the one that was not killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    chance, table = random.Random(options.seed), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        if Forked(options.task, whole).wait():
            sys.stdout.write((whole / "log").read_text())
            return 1
        expected = run_in(whole)
        assert expected
        runs = 0
        while (left := options.kills - table.total()) > 0:
            out = Path(folder) / f"{left} left"
            table += test_kill.killed_to_its_end(options.task, out, test_kill.AIMS, left, chance)
            try:
                test_kill.assert_survived(out, expected)
            except AssertionError:
                sys.stdout.write((out / "log").read_text())
                raise
            runs += 1
            sys.stdout.write(
                f"{options.task}: {table.total()} kills, {runs} runs ended the same: {table}\n"
            )
            sys.stdout.flush()
            shutil.rmtree(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
