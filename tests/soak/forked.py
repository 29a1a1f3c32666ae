"""The command in processes forked after TensorFlow's import, which takes its seconds only once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from pathlib import Path

from convgan.cli import main as command

from .runs import arguments

# A server that has imported, and has no thread yet, forks them: this process may have threads.
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["convgan.recipes.train_classifier", "convgan.recipes.train_dcgan"])


class Forked:
    """A run that is started in `out`, or gone on with there; its output is in `out/log`.

    It has what the tests use of `subprocess.Popen`.
    """

    def __init__(self, task: str, out: Path) -> None:
        out.mkdir(exist_ok=True, parents=True)
        self._process = _SERVER.Process(target=_run, args=(arguments(task, out), out / "log"))
        self._process.start()

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int:
        self._process.join()
        code = self._process.exitcode
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            assert self._process.pid
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(arguments: list[str], log: Path) -> None:
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for output in (1, 2):
        os.dup2(target, output)
    sys.argv = ["convgan", *arguments]
    command()
