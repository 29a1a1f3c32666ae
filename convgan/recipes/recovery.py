"""Training to the end, past numbers that are not finite where the configuration says so."""

from __future__ import annotations

import logging
from typing import Any

import keras

from convgan.config import ClassifierTrainConfig, GanTrainConfig
from convgan.data import ImageSet
from convgan.errors import RunError
from convgan.evaluation.diagnosis import not_finite_advice
from convgan.runs import Run
from convgan.training import NotFinite, TrainingState, run_training
from convgan.training.loop import Validate

logger = logging.getLogger("convgan")
MOST_ROLLBACKS = 3


def train_and_recover(
    run: Run,
    task: Any,
    pictures: ImageSet,
    config: ClassifierTrainConfig | GanTrainConfig,
    *,
    state: TrainingState,
    callbacks: list[keras.callbacks.Callback],
    validate: Validate,
) -> None:
    """Train to the last epoch, with `train.on_nan: rollback` from the last checkpoint again.

    Raises:
        RunError: a step went wrong, and is not to be rolled back, or not once more; the state
            from before it is saved. And what `run_training` raises.
    """
    while True:
        try:
            run_training(
                task, pictures, config, state=state, callbacks=callbacks, validate=validate
            )
        except NotFinite as fault:
            used = int(task.rollbacks.value)
            if config.on_nan == "stop" or used >= MOST_ROLLBACKS:
                state.save()
                raise RunError(f"{fault}{_what_now(run, config, state, used)}") from fault
            state.restore_newest()
            task.rollbacks.assign(used + 1)
            run.rewind(state.progress.step)
            logger.warning(
                "%s. Back to step %d and on with other noise: rollback %d of at most %d",
                fault, state.progress.step, used + 1, MOST_ROLLBACKS,
            )  # fmt: skip
        else:
            run.update(training_seconds=state.progress.seconds)
            return


def _what_now(
    run: Run, config: ClassifierTrainConfig | GanTrainConfig, state: TrainingState, used: int
) -> str:
    if isinstance(config, GanTrainConfig):
        advice = not_finite_advice(config)
    else:
        precision = "" if config.precision == "float32" else "train.precision float32, or "
        rate = config.optimizer.learning_rate
        advice = f"{precision}a lower train.optimizer.learning_rate (now {rate:g})"
    again = (
        f", after {used} rollbacks"
        if used
        else ". Or go on from here with other noise: "
        f"convgan train-{run.task} --resume {run.folder} --set train.on_nan=rollback"
    )
    return (
        f"; the state from before it is saved, as step {state.progress.step}. "
        f"Try, in a new run, {advice}{again}"
    )
