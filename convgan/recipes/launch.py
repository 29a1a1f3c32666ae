"""`convgan launch`: several workers on this machine."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from types import FrameType

_GRACE = 60.0  # seconds that the others have when one has failed


def launch(count: int, command: Sequence[str]) -> int:
    """Run `convgan command` in `count` processes that train as one; return the exit code.

    What ends this process (Ctrl-C, SIGTERM, SIGHUP) is passed on to all of them.
    """
    addresses = free_addresses(count)
    children: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        for child in children:
            with suppress(ProcessLookupError):
                child.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, pass_on)
    for index in range(count):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        children.append(
            subprocess.Popen(  # noqa: S603  our own command line
                [sys.executable, "-m", "convgan", *command],
                env={**os.environ, "TF_CONFIG": json.dumps(task)},
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        )
    return _ended(children)


def _ended(children: Sequence[subprocess.Popen[bytes]]) -> int:
    """Wait for all; return the exit code of the first that failed, after which few seconds stay."""
    failed, end = 0, math.inf
    while None in (codes := [child.poll() for child in children]):
        if not failed and (failed := next(filter(None, codes), 0)):
            end = time.monotonic() + _GRACE
        if time.monotonic() > end:
            for child in children:
                child.kill()
        time.sleep(0.1)
    code = failed or next(filter(None, codes), 0)
    return code if code >= 0 else 128 - code


def free_addresses(count: int) -> list[str]:
    """Return addresses on this machine whose ports nobody listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
