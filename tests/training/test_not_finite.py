"""Steps that go wrong: found, undone, named, and rolled back where that is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from convgan.recipes.recovery import train_and_recover

from convgan.config import Train, load_config
from convgan.errors import RunError
from convgan.runs import Run
from convgan.training import NotFinite, TrainingState, run_training

from .tiny import classifier, classifier_train, dcgan, everything, gan_train, pictures

SET = pictures(22)


class Poison:
    """Makes a task's gradients at one step, counted from 0, not finite, so often as is asked.

    By a weight of the loss: all that happens in the step is real.
    """

    def __init__(self, task: Any, at: int, *, times: int = 10**6) -> None:
        self.task, self.at = task, at
        self.left = tf.Variable(times, dtype=tf.int64)
        self.step = task.train_step
        task.train_step = self.poisoned

    def poisoned(self, data: Any) -> dict[str, tf.Tensor]:
        bad = tf.logical_and(self.task.step.value == self.at, self.left > 0)
        self.left.assign_sub(tf.cast(bad, tf.int64))
        logs: dict[str, tf.Tensor] = self.step(data)
        name = "g_grad_norm" if "g_grad_norm" in logs else "grad_norm"
        worse = {name: logs[name] / tf.where(bad, 0.0, 1.0)}
        for variable in self.task.trainable_variables:
            variable.assign(tf.where(bad, np.float32(np.nan) * variable.value, variable.value))
        return logs | worse


def make(case: str, **changes: Any) -> tuple[Any, Train]:
    if case == "classifier":
        return classifier(shift=2, dropout=0.4), classifier_train(**changes)
    train = gan_train(ema_decay=0.9, **changes)
    return dcgan(train, dropout=0.3, norm="batch"), train


class Log(keras.callbacks.Callback):
    """The steps that it was told of."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[int] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        assert all(np.isfinite(list(logs.values())))
        self.steps.append(batch)


@pytest.mark.parametrize(
    ("case", "at"), [("classifier", 0), ("classifier", 1), ("classifier", 2), ("dcgan", 4)]
)
def test_the_state_is_that_from_before(case: str, at: int, tmp_path: Path) -> None:
    """Also when the bad step is not the first of its call."""
    task, config = make(case)
    Poison(task, at)
    state, log = TrainingState(tmp_path / "a", task), Log()
    with pytest.raises(NotFinite, match=f"step {at + 1} gave a g?_?grad_norm that is not"):
        run_training(task, SET, config, state=state, callbacks=[log])
    assert state.progress.step == int(task.step.value) == at

    good, config = make(case, steps_per_call=1)
    steps = TrainingState(tmp_path / "b", good)

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            del logs
            if batch == at:
                raise KeyboardInterrupt

    if at:
        with pytest.raises(KeyboardInterrupt):
            run_training(good, SET, config, state=steps, callbacks=[Stop()])
        assert log.steps[-1] == at
    pairs = zip(everything(task), everything(good), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)
    assert state.progress.counted == (at if at < 2 else at - 2)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path, "tiny", load_config("dcgan-fashion"))


def recover(run: Run, task: Any, config: Any) -> tuple[TrainingState, Log]:
    state, log = TrainingState(run.folder / "checkpoints", task), Log()
    train_and_recover(
        run, task, SET, config, state=state, callbacks=[log], validate=lambda _epoch: {}
    )
    return state, log


def test_a_stop_saves_and_says_what_to_change(run: Run) -> None:
    task, config = make("dcgan")
    Poison(task, 4)
    with pytest.raises(RunError) as caught:
        recover(run, task, config)
    for part in (
        "step 5 gave a g_grad_norm that is not a finite number",
        "the state from before it is saved, as step 4",
        "a lower train.generator_optimizer.learning_rate (now 0.01)",
        f"--resume {run.folder} --set train.on_nan=rollback",
    ):
        assert part in str(caught.value)
    assert (run.folder / "checkpoints/step-000000004.npz").is_file()


@pytest.mark.parametrize("case", ["classifier", "dcgan"])
def test_a_rollback_goes_on_from_the_last_checkpoint(
    case: str, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    plain, config = make(case, on_nan="rollback")
    recover(Run.create(run.folder, "plain", load_config("dcgan-fashion")), plain, config)
    task, config = make(case, on_nan="rollback")
    Poison(task, 4, times=1)
    with caplog.at_level("WARNING", logger="convgan"):
        state, log = recover(run, task, config)
    assert log.steps == [2, 4, 5]  # the second epoch's call was cut, then made again
    assert int(task.rollbacks.value) == 1
    assert state.progress.step == 5
    assert "Back to step 2 and on with other noise: rollback 1 of at most 3" in caplog.text
    pairs = zip(everything(task), everything(plain), strict=True)
    assert any(not np.array_equal(a, b) for a, b in pairs)  # other noise


def test_no_more_than_three_rollbacks(run: Run) -> None:
    task, config = make("classifier", on_nan="rollback")
    Poison(task, 3)
    with pytest.raises(RunError, match="after 3 rollbacks") as caught:
        recover(run, task, config)
    assert "train.optimizer.learning_rate" in str(caught.value)
    assert int(task.rollbacks.value) == 3
