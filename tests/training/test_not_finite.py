"""Steps that go wrong: found, undone, named, and rolled back where that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import pytest
import tensorflow as tf

from convgan.training import loop
from convgan.training.callback import Callback, Numbers
from convgan.training.loop import NotFinite, run_training
from convgan.training.state import TrainingState
from convgan.training.task import Due, Logs, Task

from .tiny import (
    Array,
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

SET = pictures(22)
NEVER = -1


class Poisoned:
    """A task whose gradients at one step, counted from 0, are not finite, so often as is asked.

    By its weights: all that happens in the step is real.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.seed, self.step, self.rollbacks = task.seed, task.step, task.rollbacks
        self.extra_variables = task.extra_variables
        self.at = tf.Variable(NEVER, dtype=tf.int64)
        self.left = tf.Variable(0, dtype=tf.int64)

    @property
    def log_names(self) -> tuple[str, ...]:
        return self.task.log_names

    @property
    def networks(self) -> Mapping[str, keras.Model]:
        return self.task.networks

    @property
    def optimizers(self) -> Mapping[str, Any]:
        return self.task.optimizers

    def due(self, step: tf.Tensor) -> Due:
        return self.task.due(step)

    def train_step(
        self, images: tf.Tensor, labels: tf.Tensor | None, due: Due | None = None
    ) -> Logs:
        bad = tf.logical_and(self.task.step.value == self.at, self.left > 0)
        self.left.assign_sub(tf.cast(bad, tf.int64))
        logs = self.task.train_step(images, labels, due)
        name = "g_grad_norm" if "g_grad_norm" in logs else "grad_norm"
        worse = {name: logs[name] / tf.where(bad, 0.0, 1.0)}
        for network in self.networks.values():
            for variable in network.trainable_variables:
                variable.assign(tf.where(bad, np.float32(np.nan) * variable.value, variable.value))
        return logs | worse


def fresh(case: str) -> Poisoned:
    if case == "classifier":
        return Poisoned(classifier(shift=2, dropout=0.4))
    augment = {"target": 0.0, "ramp_images": 64}
    return Poisoned(dcgan(gan_train(ema_decay=0.9, augment=augment), dropout=0.3, norm="batch"))


reset = reused(fresh)


def make(case: str, at: int = NEVER, *, times: int = 10**6) -> Poisoned:
    """A task as it is when it is new."""
    task = reset(case)
    task.at.assign(at)
    task.left.assign(times)
    return task


class Log(Callback):
    """What it was told of."""

    def __init__(self, stop_after: int = NEVER) -> None:
        self.stop_after = stop_after
        self.events: list[Any] = []

    def on_train_begin(self) -> None:
        self.events.append("begin")

    def on_call_end(self, step: int, logs: Numbers) -> None:
        assert all(np.isfinite(list(logs.values())))
        self.events.append(step)
        if step == self.stop_after:
            raise KeyboardInterrupt

    def on_rollback(self, step: int) -> None:
        self.events.append(f"back to {step}")

    def on_train_end(self) -> None:
        self.events.append("end")


def train(
    task: Task,
    folder: Path,
    *,
    on_nan: Literal["stop", "rollback"] = "stop",
    per_call: int = 3,
    log: Log | None = None,
) -> tuple[TrainingState, Log]:
    state, log = TrainingState(folder, task), log or Log()
    how = runtime(steps_per_call=per_call, on_nan=on_nan)
    run_training(task, SET, classifier_train(), how, state=state, callbacks=[log])
    return state, log


@pytest.mark.parametrize(
    ("case", "at"), [("classifier", 0), ("classifier", 1), ("classifier", 2), ("dcgan", 4)]
)
def test_the_state_is_that_from_before(case: str, at: int, tmp_path: Path) -> None:
    """Also when the bad step is not the first of its call."""
    task, log = make(case, at), Log()
    with pytest.raises(NotFinite, match=f"step {at + 1} gave a g?_?grad_norm that is not a finite"):
        train(task, tmp_path / "a", log=log)
    found = everything(task)
    assert int(task.step.value) == at
    assert [step for step in log.events if isinstance(step, int)][-1:] == ([at] if at else [])
    assert (tmp_path / f"a/step-{at:09d}.safetensors").is_file()  # that from before it is saved
    saved = TrainingState(tmp_path / "a", task)
    saved.restore_newest()
    assert not differing(everything(task), found)
    assert saved.progress.counted == (at if at < 2 else at - 2)

    good = make(case)
    if at:
        with pytest.raises(KeyboardInterrupt):
            train(good, tmp_path / "b", per_call=1, log=Log(stop_after=at))
    assert not differing(found, everything(good))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Array]]:
    """What the tasks end with where nothing goes wrong."""
    ends = {}
    for case in ("classifier", "dcgan"):
        task = make(case)
        train(task, tmp_path_factory.mktemp(case))
        ends[case] = everything(task)
    return ends


@pytest.mark.parametrize("case", ["classifier", "dcgan"])
def test_a_rollback_goes_on_from_the_last_checkpoint(
    case: str, plain: dict[str, list[Array]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    task = make(case, 4, times=1)
    with caplog.at_level("WARNING", logger="convgan"):
        state, log = train(task, tmp_path, on_nan="rollback")
    # The second epoch's call was cut, then made again.
    assert log.events == ["begin", 2, 4, "back to 2", "end", "begin", 5, "end"]
    assert int(task.rollbacks.value) == 1
    assert state.progress.step == 5
    assert "Back to step 2 and on with other noise: rollback 1 of at most 3" in caplog.text
    assert differing(everything(task)[2:], plain[case][2:])  # other noise, not the counters only


def test_no_more_rollbacks_than_are_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert loop.MOST_ROLLBACKS == 3
    monkeypatch.setattr(loop, "MOST_ROLLBACKS", 2)
    task, log = make("classifier", 3), Log()
    with pytest.raises(NotFinite) as caught:
        train(task, tmp_path, on_nan="rollback", log=log)
    assert caught.value.rollbacks == int(task.rollbacks.value) == 2
    begun = ["begin", 2, 3, "back to 2", "end"]
    assert log.events == [*begun, "begin", 3, "back to 2", "end", "begin", 3, "end"]
