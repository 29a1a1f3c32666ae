"""The loop: a training that was stopped and resumed equals one that never was, to the bit."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from convgan.config import Train
from convgan.training import Stopped, TrainingState, epoch_end, run_training
from convgan.training.steps import compile_steps

from .tiny import classifier, classifier_train, dcgan, everything, gan_train, pictures

SET = pictures(22)  # 2.75 batches of 8 an epoch
PENALTY = {"name": "r1", "weight": 1.0, "every": 2}
CASES: dict[str, dict[str, Any]] = {
    "classifier": {},
    "simultaneous": {"penalty": PENALTY, "ema_decay": 0.9},
    "alternating": {"update": "alternating", "loss": "relativistic"},
}


def make(case: str, **changes: Any) -> tuple[Any, Train]:
    """A fresh task with all that is random in it, and its configuration."""
    if case == "classifier":
        return classifier(shift=2, dropout=0.4), classifier_train(**changes)
    train = gan_train(**(CASES[case] | changes))
    return dcgan(train, dropout=0.3, norm="batch"), train


class Log(keras.callbacks.Callback):
    """Notes what it is told; at `stop_at` steps it sends this process a signal."""

    def __init__(self, stop_at: int = -1, number: int = signal.SIGINT) -> None:
        super().__init__()
        self.stop_at, self.number = stop_at, number
        self.events: list[Any] = []
        self.calls: dict[int, dict[str, float]] = {}
        self.epochs: dict[int, dict[str, float]] = {}

    def on_train_begin(self, logs: Any = None) -> None:
        del logs
        self.events.append("train begin")

    def on_train_end(self, logs: Any = None) -> None:
        del logs
        self.events.append("train end")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        del logs
        self.events.append(f"begin {epoch}")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.events.append(batch)
        self.calls[batch] = logs
        if batch == self.stop_at:
            os.kill(os.getpid(), self.number)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.events.append(f"end {epoch}")
        self.epochs[epoch] = logs


def train(task: Any, config: Train, folder: Path, log: Log | None = None) -> Log:
    """Train on from what is in the folder."""
    state = TrainingState(folder, task)
    if state.checkpoints():
        state.restore_newest()
    log = log or Log()
    run_training(task, SET, config, state=state, callbacks=[log])
    return log


def assert_same(found: Any, expected: Any) -> None:
    pairs = zip(everything(found), everything(expected), strict=True)
    differing = [place for place, (a, b) in enumerate(pairs) if not np.array_equal(a, b)]
    assert differing == []


@pytest.mark.parametrize("case", CASES)
def test_two_epochs_in_one_go_or_in_two_or_stopped_in_the_middle(case: str, tmp_path: Path) -> None:
    whole, config = make(case)
    whole_log = train(whole, config, tmp_path / "whole")
    assert int(whole.step.value) == 5

    first, config = make(case, epochs=1)
    train(first, config, tmp_path / "parts")
    second, config = make(case, steps_per_call=1)
    train(second, config, tmp_path / "parts")
    assert_same(second, whole)

    stopped, config = make(case, steps_per_call=1)
    with pytest.raises(Stopped):
        train(stopped, config, tmp_path / "stopped", Log(stop_at=3))
    resumed, config = make(case, steps_per_call=2)
    resumed_log = train(resumed, config, tmp_path / "stopped")
    assert resumed_log.events[:3] == ["train begin", "begin 1", 5]
    assert_same(resumed, whole)
    assert resumed_log.epochs[1] == pytest.approx(whole_log.epochs[1], rel=1e-6)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_saves_and_says_where(number: int, code: int, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    task, config = make("classifier", steps_per_call=1)
    log = Log(stop_at=1, number=number)
    with pytest.raises(Stopped, match=f"by {signal.Signals(number).name} after step 1") as caught:
        train(task, config, tmp_path, log)
    assert caught.value.exit_code == code
    assert log.events == ["train begin", "begin 0", 1, "train end"]
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["step-000000000.npz", "step-000000001.npz"]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_an_epoch_that_was_stopped_in_reports_all_its_steps(tmp_path: Path) -> None:
    """The means of a resumed epoch, to the bit, where the calls are the same."""
    whole, config = make("classifier", steps_per_call=1)
    expected = train(whole, config, tmp_path / "whole")
    stopped, _ = make("classifier")
    with pytest.raises(Stopped):
        train(stopped, config, tmp_path / "stopped", Log(stop_at=4))
    resumed, _ = make("classifier")
    found = train(resumed, config, tmp_path / "stopped")
    assert found.epochs == {1: expected.epochs[1]}
    assert found.calls == {5: expected.calls[5]}


def test_a_stop_in_the_last_steps_of_an_epoch_ends_it(tmp_path: Path) -> None:
    """Else no resume would: its samples, its validation and its model would be missing."""
    task, config = make("classifier")
    log = Log(stop_at=2)
    with pytest.raises(Stopped):
        train(task, config, tmp_path, log)
    assert log.events == ["train begin", "begin 0", 2, "end 0", "train end"]
    again, _ = make("classifier")
    last = Log(stop_at=5)
    with pytest.raises(Stopped):
        train(again, config, tmp_path, last)
    assert last.events == ["train begin", "begin 1", 5, "end 1", "train end"]
    done, _ = make("classifier")
    assert train(done, config, tmp_path).events == ["train begin", "train end"]


def test_order_of_events_and_means(tmp_path: Path) -> None:
    """Calls of 3 steps end with their epoch; logs are means over the steps of a call."""
    one, config = make("classifier", steps_per_call=1)
    single = train(one, config, tmp_path / "one")
    many, config = make("classifier", steps_per_call=3)
    log = train(many, config, tmp_path / "many")
    assert log.events == [
        *("train begin", "begin 0", 2, "end 0", "begin 1", 5, "end 1", "train end"),
    ]
    for name in many.log_names:
        each = [single.calls[step][name] for step in range(1, 6)]
        assert log.calls[2][name] == pytest.approx(np.mean(each[:2]), rel=1e-5)
        assert log.calls[5][name] == pytest.approx(np.mean(each[2:]), rel=1e-5)
        assert single.epochs[1][name] == pytest.approx(np.mean(each[2:]), rel=1e-5)
    assert (tmp_path / "many" / "step-000000005.npz").is_file()


def test_validation_numbers_reach_the_callbacks(tmp_path: Path) -> None:
    task, config = make("classifier", epochs=2)
    log = Log()
    state = TrainingState(tmp_path, task)

    def validate(epoch: int) -> dict[str, float]:
        return {"val_loss": 0.25 + epoch}

    run_training(task, SET, config, state=state, callbacks=[log], validate=validate)
    assert set(log.epochs[0]) == {"loss", "accuracy", "grad_norm", "val_loss"}
    assert [numbers["val_loss"] for numbers in log.epochs.values()] == [0.25, 1.25]
    assert state.progress.step == 5
    assert state.progress.seconds > 0


@pytest.mark.parametrize("case", ["classifier", "simultaneous"])
def test_pictures_that_stay_where_they_lie(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, config = make(case)
    compile_steps(usual, SET, config.batch_size)(4)
    other, _ = make(case)
    monkeypatch.setattr("convgan.training.steps.MOST_IN_MEMORY", SET.images.nbytes - 1)
    compile_steps(other, SET, config.batch_size)(4)
    assert_same(other, usual)


@pytest.mark.parametrize(
    "case", ["classifier", pytest.param("simultaneous", marks=pytest.mark.slow)]
)
def test_xla_makes_the_same_step(case: str) -> None:
    """But for what is random, which XLA draws otherwise."""
    made = [classifier(shift=2) if case == "classifier" else make(case)[0] for _ in range(2)]
    usual, task = (
        compile_steps(t, SET, 8, xla=xla) for t, xla in zip(made, (False, True), strict=True)
    )
    tolerance = 1e-4 if case == "classifier" else 0.5
    assert task(2).logs == pytest.approx(usual(2).logs, rel=tolerance)
    assert made[1].step.numpy() == 2


def test_the_loop_makes_the_steps_of_train_step() -> None:
    """Pictures and labels of one index stay together on their way into the batch."""
    task, _ = make("classifier")
    seen: list[tuple[Any, Any]] = []

    class Spy:
        seed, log_names, step, rollbacks = task.seed, ("x",), task.step, task.rollbacks

        def train_step(self, data: Any) -> dict[str, Any]:
            task.step.assign_add(1)
            seen.append(data)
            return {"x": 1.0}

    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    try:
        compile_steps(Spy(), SET, 11)(4)
    finally:
        tf.config.run_functions_eagerly(False)
    images = np.concatenate([image for image, _ in seen])
    labels = np.concatenate([label for _, label in seen])
    assert SET.labels is not None
    assert images.dtype == np.uint8
    known = {image.tobytes(): label for image, label in zip(SET.images, SET.labels, strict=True)}
    assert len(known) == 22
    assert [known[image.tobytes()] for image in images] == labels.tolist()
    for epoch in (images[:22], images[22:]):
        assert {image.tobytes() for image in epoch} == set(known)


@pytest.mark.parametrize(
    ("count", "batch", "ends"),
    [(22, 8, [2, 5, 8, 11]), (16, 8, [2, 4, 6, 8]), (3, 8, [1, 2, 3, 4]), (9, 1, [9, 18, 27, 36])],
)
def test_epoch_ends(count: int, batch: int, ends: list[int]) -> None:
    """Nearest to whole passes over the pictures, and at least one step each."""
    assert [epoch_end(epoch, count, batch) for epoch in range(4)] == ends
