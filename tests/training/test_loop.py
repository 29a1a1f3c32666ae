"""The loop: a training that was stopped and resumed equals one that never was, to the bit."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from convgan.config import RuntimeConfig, TrainConfig
from convgan.training.callback import Callback, Numbers
from convgan.training.loop import Stopped, epoch_end, run_training, steps_per_epoch, total_steps
from convgan.training.state import TrainingState
from convgan.training.steps import compile_steps
from convgan.training.task import Due, Task

from .tiny import (
    classifier,
    classifier_train,
    dcgan,
    differing,
    everything,
    gan_train,
    pictures,
    reused,
    runtime,
)

pytestmark = pytest.mark.usefixtures("trace_once")

SET = pictures(22)  # 2.75 batches of 8 per epoch
PENALTY = {"name": "r1", "weight": 1.0, "interval": 2}
CASES: dict[str, dict[str, Any]] = {
    "classifier": {},
    "simultaneous": {"penalty": PENALTY, "ema_decay": 0.9},
    "alternating": {"update": "alternating", "loss": "relativistic", "critic_steps": 2},
    "augmented": {"augment": {"target": 0.0, "ramp_images": 64}, "augmentations": ["flip"]},
}


def fresh(case: str) -> Task:
    """A task with all that is random in it."""
    if case == "classifier":
        return classifier(shift=2, dropout=0.4)
    return dcgan(gan_train(**CASES[case]), dropout=0.3, norm="batch")


make = reused(fresh)


class Log(Callback):
    """Notes what it is told; at `stop_at` steps it sends this process a signal."""

    def __init__(self, stop_at: int = -1, number: int = signal.SIGINT) -> None:
        self.stop_at, self.number = stop_at, number
        self.events: list[Any] = []
        self.calls: dict[int, Numbers] = {}
        self.epochs: dict[int, Numbers] = {}

    def on_train_begin(self) -> None:
        self.events.append("train begin")

    def on_train_end(self) -> None:
        self.events.append("train end")

    def on_epoch_begin(self, epoch: int) -> None:
        self.events.append(f"begin {epoch}")

    def on_call_end(self, step: int, logs: Numbers) -> None:
        self.events.append(step)
        self.calls[step] = logs
        if step == self.stop_at:
            os.kill(os.getpid(), self.number)

    def on_epoch_end(self, epoch: int, logs: Numbers) -> None:
        self.events.append(f"end {epoch}")
        self.epochs[epoch] = logs


def train(
    task: Task, folder: Path, log: Log | None = None, *, epochs: int = 2, per_call: int = 3
) -> Log:
    """Train on from what is in the folder."""
    state = TrainingState(folder, task)
    if state.checkpoints():
        state.restore_newest()
    log = log or Log()
    config: TrainConfig = classifier_train(epochs=epochs)  # of which the loop reads what all have
    how: RuntimeConfig = runtime(steps_per_call=per_call)
    run_training(task, SET, config, how, state=state, callbacks=[log])
    return log


@pytest.mark.parametrize("case", CASES)
def test_two_epochs_in_one_go_or_in_two_or_stopped_in_the_middle(case: str, tmp_path: Path) -> None:
    task = make(case)
    whole_log = train(task, tmp_path / "whole")
    assert int(task.step.value) == 5
    whole = everything(task)

    train(make(case), tmp_path / "parts", epochs=1)
    train(make(case), tmp_path / "parts", per_call=1)
    assert not differing(everything(task), whole)

    with pytest.raises(Stopped):
        train(make(case), tmp_path / "stopped", Log(stop_at=3), per_call=1)
    resumed_log = train(make(case), tmp_path / "stopped", per_call=2)
    assert resumed_log.events[:3] == ["train begin", "begin 1", 5]
    assert not differing(everything(task), whole)
    assert resumed_log.epochs[1] == pytest.approx(whole_log.epochs[1], rel=1e-6)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_saves_and_says_where(number: int, code: int, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    log = Log(stop_at=1, number=number)
    with pytest.raises(Stopped, match=f"by {signal.Signals(number).name} after step 1") as caught:
        train(make("classifier"), tmp_path, log, per_call=1)
    assert caught.value.exit_code == code
    assert log.events == ["train begin", "begin 0", 1, "train end"]
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["step-000000000.safetensors", "step-000000001.safetensors"]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_an_epoch_that_was_stopped_in_reports_all_its_steps(tmp_path: Path) -> None:
    """The means of a resumed epoch, to the bit, where the calls are the same."""
    expected = train(make("classifier"), tmp_path / "whole", per_call=1)
    with pytest.raises(Stopped):
        train(make("classifier"), tmp_path / "stopped", Log(stop_at=4), per_call=1)
    found = train(make("classifier"), tmp_path / "stopped", per_call=1)
    assert found.epochs == {1: expected.epochs[1]}
    assert found.calls == {5: expected.calls[5]}


def test_a_stop_in_the_last_steps_of_an_epoch_ends_it(tmp_path: Path) -> None:
    """Else no resume would: its samples, its validation and its networks would be missing."""
    log = Log(stop_at=2)
    with pytest.raises(Stopped):
        train(make("classifier"), tmp_path, log)
    assert log.events == ["train begin", "begin 0", 2, "end 0", "train end"]
    last = Log(stop_at=5)
    with pytest.raises(Stopped):
        train(make("classifier"), tmp_path, last)
    assert last.events == ["train begin", "begin 1", 5, "end 1", "train end"]
    assert train(make("classifier"), tmp_path).events == ["train begin", "train end"]


def test_order_of_events_and_means(tmp_path: Path) -> None:
    """Calls of 3 steps end with their epoch; logs are means over the steps of a call."""
    single = train(make("classifier"), tmp_path / "one", per_call=1)
    task = make("classifier")
    log = train(task, tmp_path / "many", per_call=3)
    assert log.events == [
        *("train begin", "begin 0", 2, "end 0", "begin 1", 5, "end 1", "train end"),
    ]
    for name in task.log_names:
        each = [single.calls[step][name] for step in range(1, 6)]
        assert log.calls[2][name] == pytest.approx(np.mean(each[:2]), rel=1e-5)
        assert log.calls[5][name] == pytest.approx(np.mean(each[2:]), rel=1e-5)
        assert single.epochs[1][name] == pytest.approx(np.mean(each[2:]), rel=1e-5)
    assert (tmp_path / "many" / "step-000000005.safetensors").is_file()


def test_validation_numbers_reach_the_callbacks(tmp_path: Path) -> None:
    task = make("classifier")
    log = Log()
    state = TrainingState(tmp_path, task)

    def validate(epoch: int) -> Numbers:
        return {"val_loss": 0.25 + epoch}

    run_training(
        task, SET, classifier_train(), runtime(),
        state=state, callbacks=[log], validate=validate,
    )  # fmt: skip
    assert set(log.epochs[0]) == {*task.log_names, "val_loss"}
    assert [numbers["val_loss"] for numbers in log.epochs.values()] == [0.25, 1.25]
    assert state.progress.step == 5
    assert state.progress.seconds > 0


def test_a_callback_that_cannot_write_is_reported_once_and_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And again when it could write in between."""

    class Full(Callback):
        """Epochs do not count: their event is another."""

        def on_call_end(self, step: int, logs: Numbers) -> None:
            del logs
            if step != 3:
                raise OSError(28, "No space left on device")

    task, log = make("classifier"), Log()
    state = TrainingState(tmp_path, task)
    with caplog.at_level("WARNING", logger="convgan"):
        run_training(
            task, SET, classifier_train(), runtime(steps_per_call=1),
            state=state, callbacks=[Full(), log],
        )  # fmt: skip
    assert log.events == [
        *("train begin", "begin 0", 1, 2, "end 0", "begin 1", 3, 4, 5, "end 1", "train end"),
    ]
    assert caplog.messages == ["[Errno 28] No space left on device; training goes on"] * 2


def test_a_defect_of_a_callback_is_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    class Wrong(Callback):
        def on_call_end(self, step: int, logs: Numbers) -> None:
            raise KeyError(f"a defect at {step}: {logs}")

    task, log = make("classifier"), Log()
    state = TrainingState(tmp_path, task)
    with pytest.raises(KeyError, match="a defect"):
        run_training(
            task, SET, classifier_train(), runtime(), state=state, callbacks=[log, Wrong()]
        )
    assert log.events[-1] == "train end"


def test_pictures_that_stay_where_they_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    task = make("classifier")
    compile_steps(task, SET, 8)(4)
    usual = everything(task)
    monkeypatch.setattr("convgan.training.steps.MOST_IN_MEMORY", SET.images.nbytes - 1)
    compile_steps(make("classifier"), SET, 8)(4)
    assert not differing(everything(task), usual)


@pytest.mark.parametrize(
    "case", ["classifier", pytest.param("simultaneous", marks=pytest.mark.slow)]
)
def test_xla_makes_the_same_step(case: str) -> None:
    """But for what is random, which XLA draws otherwise."""
    made = [classifier(shift=2) if case == "classifier" else fresh(case) for _ in range(2)]
    usual, task = (
        compile_steps(t, SET, 8, xla=xla) for t, xla in zip(made, (False, True), strict=True)
    )
    tolerance = 1e-4 if case == "classifier" else 0.5
    assert task(2).logs == pytest.approx(usual(2).logs, rel=tolerance)
    assert made[1].step.numpy() == 2


class Spy:
    """A task that notes what it is given."""

    log_names = ("x",)

    def __init__(self, task: Task) -> None:
        self.seed, self.step, self.rollbacks = task.seed, task.step, task.rollbacks
        self.networks, self.optimizers = task.networks, task.optimizers
        self.extra_variables = task.extra_variables
        self.seen: list[tuple[Any, Any]] = []

    def due(self, _step: tf.Tensor) -> Due:
        return {}

    def train_step(
        self, images: tf.Tensor, labels: tf.Tensor | None, due: Due | None = None
    ) -> dict[str, tf.Tensor]:
        assert due is None  # one device: found out within the step
        self.step.assign_add(1)
        self.seen.append((images, labels))
        return {"x": tf.constant(1.0)}


def test_the_loop_makes_the_steps_of_train_step() -> None:
    """Pictures and labels of one index stay together on their way into the batch."""
    spy = Spy(make("classifier"))
    tf.config.run_functions_eagerly(True)
    try:
        compile_steps(spy, SET, 11)(4)
    finally:
        tf.config.run_functions_eagerly(False)
    images = np.concatenate([image for image, _ in spy.seen])
    labels = np.concatenate([label for _, label in spy.seen])
    assert SET.labels is not None
    assert images.dtype == np.uint8
    known = {image.tobytes(): label for image, label in zip(SET.images, SET.labels, strict=True)}
    assert len(known) == 22
    assert [known[image.tobytes()] for image in images] == labels.tolist()
    for epoch in (images[:22], images[22:]):
        assert {image.tobytes() for image in epoch} == set(known)


@pytest.mark.parametrize(
    ("count", "batch", "passes", "ends"),
    [
        (22, 8, 1, [2, 5, 8, 11]),
        (16, 8, 1, [2, 4, 6, 8]),
        (3, 8, 1, [1, 2, 3, 4]),
        (9, 1, 1, [9, 18, 27, 36]),
        (22, 8, 3, [8, 16, 24, 33]),
    ],
)
def test_epoch_ends(count: int, batch: int, passes: int, ends: list[int]) -> None:
    """Nearest to whole passes over the pictures, and at least one step each."""
    config = classifier_train(batch_size=batch, passes=passes, epochs=4)
    assert [epoch_end(config, epoch, count) for epoch in range(4)] == ends
    assert total_steps(config, count) == ends[-1]
    assert int(4 * steps_per_epoch(config, count)) == ends[-1]
