"""Training steps that another process makes: with another library, or in TensorFlow as it comes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

Steps = Callable[[int], None]
"""Makes so many steps."""


class OtherProcess(subprocess.Popen[str]):
    """A module of `benchmarks` that runs beside this one and calls `answer`."""

    def __init__(self, module: str, python: str = sys.executable) -> None:
        # Importing convgan has chosen TensorFlow's library of convolutions, for convgan only.
        environment = {**os.environ}
        environment.pop("TF_ENABLE_ONEDNN_OPTS", None)
        super().__init__(
            [python, "-m", module], cwd=Path(__file__).parent.parent, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.version = self._line()

    def steps(self, name: str, size: int) -> Steps:
        """Return what has so many steps on batches of this size made there."""

        def steps(count: int) -> None:
            assert self.stdin
            self.stdin.write(f"{name} {size} {count}\n")
            self.stdin.flush()
            self._line()

        return steps

    def _line(self) -> str:
        assert self.stdout
        line = self.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.args!r} ended")
        return line.strip()


def answer(version: str, loops: Mapping[str, Callable[[int], Steps]]) -> None:
    """Say the version, then read lines `name batch_size count`; make so many steps and answer."""
    print(version, flush=True)  # noqa: T201
    made: dict[tuple[str, int], Steps] = {}
    for line in sys.stdin:
        name, size, count = line.split()
        key = (name, int(size))
        if key not in made:
            made[key] = loops[name](int(size))
        made[key](int(count))
        print("done", flush=True)  # noqa: T201
