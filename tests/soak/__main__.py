"""`python -m tests.soak dcgan --kills 100`: kill a run so often, at random moments of each kind.

As the slow test does, but with processes that are forked after TensorFlow's import, before it has
any thread: a kill takes 8 seconds in place of 30.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import convgan.recipes.training  # noqa: F401  (TensorFlow and all else that a run needs)

from convgan.cli import main as command

from . import test_kill
from .runs import TASKS, arguments, run_in


class Forked:
    """A process made from this one, with what the tests use of `subprocess.Popen`."""

    def __init__(self, work: Callable[[], None], log: Path) -> None:
        sys.stdout.flush()
        self.code: int | None = None
        self.pid = os.fork()
        if not self.pid:
            target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(target, 1)
            os.dup2(target, 2)
            code = 1
            try:
                work()
                code = 0
            except SystemExit as end:
                code = int(end.code or 0)
            finally:
                sys.stdout.flush()
                os._exit(code)

    def poll(self) -> int | None:
        if self.code is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            self.code = os.waitstatus_to_exitcode(status) if ended else None
        return self.code

    def wait(self) -> int:
        while (code := self.poll()) is None:
            time.sleep(0.005)
        return code

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


def started(task: str, out: Path) -> Forked:
    """The command that starts a run in `out`, or goes on with the one that is there."""
    out.mkdir(exist_ok=True)

    def work() -> None:
        sys.argv = ["convgan", *arguments(task, out)]
        command()

    return Forked(work, out / "log")


def main() -> int:
    """Return 1 if a run ended otherwise than the one that was not killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    setattr(test_kill, "started", started)  # noqa: B010  (as the test of the same does)
    chance, table = random.Random(options.seed), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        if started(options.task, whole).wait():
            sys.stdout.write((whole / "log").read_text())
            return 1
        expected = run_in(whole)
        assert expected
        while (left := options.kills - table.total()) > 0:
            out = Path(folder) / f"{left} left"
            table += test_kill.killed_to_its_end(options.task, out, test_kill.AIMS, left, chance)

            def compare(out: Path = out) -> None:
                test_kill.assert_survived(out, expected)

            if Forked(compare, out / "comparison").wait():
                sys.stdout.write((out / "comparison").read_text())
                return 1
            sys.stdout.write(f"{options.task}: {table.total()} kills, the end the same: {table}\n")
            shutil.rmtree(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
