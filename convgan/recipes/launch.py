"""`convgan launch`: several workers on this machine."""

from __future__ import annotations

import json
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
    children = []
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

    def pass_on(number: int, _frame: FrameType | None) -> None:
        for child in children:
            with suppress(ProcessLookupError):
                child.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, pass_on)
    end = None
    while any(child.poll() is None for child in children):
        if end is None and any(child.returncode for child in children):
            end = time.monotonic() + _GRACE
        if end is not None and time.monotonic() > end:
            pass_on(signal.SIGKILL, None)
        time.sleep(0.1)
    codes = [child.returncode for child in children if child.returncode]
    return next((code if code > 0 else 128 - code for code in codes), 0)


def free_addresses(count: int) -> list[str]:
    """Return addresses on this machine whose ports nobody listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
