"""The one training loop, for both tasks."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

import keras
import tensorflow as tf

from convgan.config import Train
from convgan.data import ImageSet
from convgan.errors import ConvganError
from convgan.training.state import TrainingState
from convgan.training.streams import batch_indices

Numbers = dict[str, float]
Logs = Mapping[str, tf.Tensor]
Validate = Callable[[int], Numbers]


class Stopped(ConvganError):  # noqa: N818  not a failure
    """The user or the system asked a training to stop; its state is saved."""

    def __init__(self, signal_number: int, step: int) -> None:
        super().__init__(f"stopped by {signal.Signals(signal_number).name} after step {step}")
        self.exit_code = 128 + signal_number


def run_training(
    task: Any,
    pictures: ImageSet,
    config: Train,
    *,
    state: TrainingState,
    callbacks: list[keras.callbacks.Callback],
    validate: Validate = lambda _epoch: {},
) -> None:
    """Train from where the state is to the last epoch, saving after each.

    Args:
        task: a compiled model with `train_step` and `log_names`.
        pictures: the training set; labels may be absent where the task needs none.
        config: epochs, batch size and steps a call.
        state: restored, or new; saved after each epoch and at a stop.
        callbacks: Keras callbacks; `on_train_batch_end` gets the number of steps done.
        validate: from the epoch (from 0) to its validation numbers, named `val_...`.

    Raises:
        Stopped: Ctrl-C or SIGTERM came; the state is saved.
    """
    steps = compile_steps(task, pictures, config.batch_size)
    beside = keras.callbacks.CallbackList(callbacks, model=task)
    progress = state.progress
    beside.on_train_begin()
    try:
        with _stop_signals() as stop_signal:
            for epoch in range(config.epochs):
                end = epoch_end(epoch, len(pictures), config.batch_size)
                if progress.step >= end:
                    continue
                beside.on_epoch_begin(epoch)
                while progress.step < end and not stop_signal:
                    count = min(config.steps_per_call, end - progress.step)
                    begin = time.perf_counter()
                    logs = {name: float(value) for name, value in steps(count).items()}
                    progress.seconds += time.perf_counter() - begin
                    progress.add(logs, count)
                    beside.on_train_batch_end(progress.step, logs)
                if progress.step == end:  # also when the stop came in its last steps
                    beside.on_epoch_end(epoch, progress.end_epoch() | validate(epoch))
                state.save()
                if stop_signal:
                    raise Stopped(stop_signal[0], progress.step)
    finally:
        beside.on_train_end()


def epoch_end(epoch: int, count: int, batch_size: int) -> int:
    """Return the number of steps done when this epoch (from 0) is over, at least one each."""
    return max(epoch + 1, (epoch + 1) * count // batch_size)


def compile_steps(task: Any, pictures: ImageSet, batch_size: int) -> Callable[[int], Logs]:
    """Return a function that makes so many steps in one compiled call and gives mean logs.

    The pictures stay uint8 and are gathered inside the call; one trace serves all numbers
    of steps.
    """
    images = tf.constant(pictures.images)
    labels = None if pictures.labels is None else tf.constant(pictures.labels)

    def one(done: tf.Tensor, totals: Logs) -> tuple[tf.Tensor, Logs]:
        order = batch_indices(task.seed, task.step.value, batch_size, len(pictures))
        batch = tf.gather(images, order)
        target = None if labels is None else tf.gather(labels, order)
        logs = task.train_step((batch, target))
        return done + 1, {name: totals[name] + logs[name] for name in task.log_names}

    # No AutoGraph: with Python 3.13 that of TensorFlow 2.21 does not see a loop over tf.range.
    @tf.function(input_signature=[tf.TensorSpec([], tf.int32)], autograph=False)
    def steps(count: tf.Tensor) -> Logs:
        zeros = {name: tf.constant(0.0) for name in task.log_names}
        _, totals = tf.while_loop(lambda done, _: done < count, one, (tf.constant(0), zeros))
        return {name: total / tf.cast(count, tf.float32) for name, total in totals.items()}

    return lambda count: steps(tf.constant(count))


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Collect Ctrl-C and SIGTERM instead of dying of them; a second one is let through."""
    received: list[int] = []
    before: dict[signal.Signals, Any] = {}

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        for each, handler in before.items():
            signal.signal(each, handler)

    for each in (signal.SIGINT, signal.SIGTERM):
        before[each] = signal.signal(each, note)
    try:
        yield received
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
