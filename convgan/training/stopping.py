"""Ctrl-C and its like as requests: the first is noted, the second ends the process."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

logger = logging.getLogger("convgan")


class StopRequest:
    """The signal by which somebody asked the training to stop; 0 until then."""

    number = 0


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Take SIGINT (Ctrl-C), SIGTERM and SIGHUP (a closed terminal) as requests to stop.

    A second signal ends the process at once, with the exit code 128 + its number.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():  # Python takes no signals there
        yield request
        return

    def note(number: int, _frame: FrameType | None) -> None:
        request.number = request.number or number

    # Python calls `note` only when a compiled call of steps is over. The byte that its C code
    # writes here wakes the watcher at once.
    receiving, sending = socket.socketpair()
    sending.setblocking(False)
    before: dict[int, Any] = {number: signal.signal(number, note) for number in _signals()}
    watcher = threading.Thread(target=_watch, args=(receiving, set(before)), daemon=True)
    wakeup_before = signal.set_wakeup_fd(sending.fileno(), warn_on_full_buffer=False)
    watcher.start()
    try:
        yield request
    finally:
        signal.set_wakeup_fd(wakeup_before)
        for number, handler in before.items():
            signal.signal(number, handler)
        sending.close()  # ends the watcher
        watcher.join()
        receiving.close()


def _signals() -> list[int]:
    numbers = [signal.SIGINT, signal.SIGTERM]
    hangup = getattr(signal, "SIGHUP", None)  # Windows has none
    if hangup and signal.getsignal(hangup) is not signal.SIG_IGN:  # which nohup asks for
        numbers.append(hangup)
    return [int(number) for number in numbers]


def _watch(receiving: socket.socket, watched: set[int]) -> None:
    """Say that the first signal has come, and end the process at the second."""
    seen = 0
    while data := receiving.recv(1):
        number = data[0]
        if number not in watched:
            continue
        seen += 1
        if seen == 1:
            logger.warning(
                "%s: the steps that are being computed are finished and saved; once more leaves "
                "at once, without that",
                signal.Signals(number).name,
            )
        else:
            logger.warning("left at once; what came after the last checkpoint is lost")
            sys.stdout.flush()
            os._exit(128 + number)
