"""Ctrl-C and its like at any step: a run that goes on after it ends as if nothing had been."""

from __future__ import annotations

import json
import random
import signal
import time
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGTERM
from subprocess import Popen

import pytest

from .conftest import Whole
from .forked import Forked
from .runs import (
    COMMAND,
    EPOCH_ENDS,
    STEPS,
    TASKS,
    assert_same,
    checkpoints,
    finished,
    here,
    run_in,
    started,
    stop_at,
)

# Each call of steps takes seconds, in which Python itself sees no signal.
SLOW = f"""
import tensorflow as tf
import convgan.training.loop as loop
compile_steps = loop.compile_steps

def slow(*args, **options):
    steps = compile_steps(*args, **options)
    def call(count):
        tf.matmul(tf.zeros((4000, 4000)), tf.zeros((4000, 4000))).numpy()
        return steps(count)
    return call

loop.compile_steps = slow
{COMMAND}
"""


@pytest.fixture(autouse=True)
def _not_under_nohup() -> None:
    signal.signal(SIGHUP, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("task", "stops"),
    [
        ("classifier", {SIGTERM: EPOCH_ENDS[2]}),
        pytest.param("classifier", {SIGINT: 27}, marks=pytest.mark.slow),
        pytest.param("dcgan", {SIGTERM: 51, SIGHUP: 70}, marks=pytest.mark.slow),
    ],
)
def test_a_run_stopped_between_steps_ends_the_same(
    task: str, stops: dict[signal.Signals, int], whole: Whole, tmp_path: Path
) -> None:
    for number, step in stops.items():
        with pytest.MonkeyPatch.context() as patch:
            stop_at(step, number, patch)
            result = here(task, tmp_path)
        assert_stopped(result.exit_code, number, tmp_path, result.output)
        assert newest(tmp_path) in {step, step + 1}
    assert_same(finished(task, tmp_path), whole(task))


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_a_run_goes_on_with_other_steps_a_call(task: str, whole: Whole, tmp_path: Path) -> None:
    """Only the log's lines of the calls, and the last bits of an epoch's means, then differ."""
    with pytest.MonkeyPatch.context() as patch:
        stop_at(40, SIGINT, patch)
        assert here(task, tmp_path).exit_code == 130
    run = finished(task, tmp_path, "--set=runtime.steps_per_call=5")
    assert_same(run, whole(task), calls=False)
    with pytest.raises(AssertionError, match="log as written"):
        assert_same(run, whole(task))


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_a_process_stopped_again_and_again_ends_the_same(
    task: str, whole: Whole, tmp_path: Path
) -> None:
    chance = random.Random(3)
    for number in (SIGINT, SIGTERM, SIGHUP, SIGINT, SIGTERM):
        process = Forked(task, tmp_path)
        wait_for_progress(process, tmp_path)
        time.sleep(chance.uniform(0, 0.1))
        process.send_signal(number)
        assert_stopped(process.wait(), number, tmp_path, log(tmp_path))
        assert newest(tmp_path) < STEPS
    assert Forked(task, tmp_path).wait() == 0
    assert_same(only_run(tmp_path), whole(task))


@pytest.mark.slow
def test_the_second_ctrl_c_leaves_at_once_and_what_was_saved_stays(
    whole: Whole, tmp_path: Path
) -> None:
    process = started("classifier", tmp_path, code=SLOW)
    wait_for_progress(process, tmp_path)
    process.send_signal(SIGINT)
    while "once more leaves at once" not in log(tmp_path):
        assert process.poll() is None, log(tmp_path)
        time.sleep(0.005)
    saved = checkpoints(only_run(tmp_path))
    process.send_signal(SIGINT)
    assert process.wait() == 130
    assert "left at once; what came after the last checkpoint is lost" in log(tmp_path)
    assert "everything is saved" not in log(tmp_path)
    assert checkpoints(only_run(tmp_path)) == saved
    assert 0 < newest(tmp_path) < STEPS
    assert_same(finished("classifier", tmp_path), whole("classifier"))


def assert_stopped(code: int, number: signal.Signals, out: Path, said: str) -> None:
    run = only_run(out)
    assert code == 128 + number
    assert f"stopped by {number.name} after step {newest(out)}; everything is saved" in said
    assert f"Go on with: convgan train-{run.name[:-5]} --resume {run}" in said
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"


def wait_for_progress(process: Popen[str] | Forked, out: Path) -> None:
    """Until the process has saved a checkpoint that was not there before."""
    before = newest(out) if run_in(out) else 0
    while not run_in(out) or newest(out) <= before:
        assert process.poll() is None, log(out)
        time.sleep(0.005)


def newest(out: Path) -> int:
    """The step of the newest checkpoint."""
    found = checkpoints(only_run(out))
    return int(found[-1].stem[5:]) if found else 0


def log(out: Path) -> str:
    return (out / "log").read_text()


def only_run(out: Path) -> Path:
    run = run_in(out)
    assert run
    return run
