"""Signals: the first is a request, said at once; the second ends the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from convgan.training import stopping
from convgan.training.stopping import stop_requests

# Signals itself from another thread, while the main one is in a call that Python cannot
# interrupt, as a call of training steps is.
SCRIPT = """
import hashlib, logging, os, runpy, signal, sys, threading, time
stop_requests = runpy.run_path(sys.argv[3])["stop_requests"]  # without TensorFlow's seconds

logging.basicConfig(format="%(message)s", stream=sys.stdout)
number, times = int(sys.argv[1]), int(sys.argv[2])
if number == signal.SIGHUP:
    signal.signal(number, signal.SIG_DFL)  # under nohup it is ignored, and so would this be

def send():
    for _ in range(times):
        time.sleep(0.3)
        os.kill(os.getpid(), number)

with stop_requests() as stop:
    threading.Thread(target=send).start()
    if times == 2:
        hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)  # minutes
    while not stop.number:
        time.sleep(0.01)
print("orderly", stop.number)
"""


def sent(number: int, times: int) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(number), str(times), stopping.__file__],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_the_first_is_said_and_noted(name: str) -> None:
    number = int(getattr(signal, name))
    code, text = sent(number, 1)
    assert code == 0
    assert text.startswith(f"{name}: the steps that are being computed are finished and saved")
    assert text.endswith(f"orderly {number}\n")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_the_second_leaves_at_once(name: str) -> None:
    number = int(getattr(signal, name))
    code, text = sent(number, 2)
    assert code == 128 + number
    assert "orderly" not in text
    assert "what came after the last checkpoint is lost" in text


def test_handlers_are_given_back() -> None:
    watched = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(each) for each in watched]
    threads = threading.active_count()
    with stop_requests() as stop:
        assert stop.number == 0
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.number == signal.SIGTERM
    assert [signal.getsignal(each) for each in watched] == before
    assert signal.set_wakeup_fd(-1) == -1
    assert threading.active_count() == threads


def test_a_hangup_that_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_requests() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert stop.number == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_in_another_thread_nothing_is_taken() -> None:
    """Python allows no handlers there; a notebook may train in one."""
    failed: list[BaseException] = []

    def train() -> None:
        try:
            with stop_requests() as stop:
                assert stop.number == 0
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert failed == []
