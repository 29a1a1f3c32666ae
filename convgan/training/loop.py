"""The one training loop, for both tasks."""

from __future__ import annotations

import gc
import logging
import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras

from convgan.config import CheckpointEvery, Train
from convgan.data import ImageSet
from convgan.errors import ConvganError, DataError, RunError
from convgan.training.state import TrainingState
from convgan.training.steps import Call, compile_steps
from convgan.training.stopping import stop_requests

Numbers = dict[str, float]
Validate = Callable[[int], Numbers]

logger = logging.getLogger("convgan")
RETRY_SECONDS = 60.0  # after a checkpoint that could not be written


class Stopped(ConvganError):  # noqa: N818  not a failure
    """The user or the system asked a training to stop; its state is saved."""

    def __init__(self, signal_number: int, step: int) -> None:
        super().__init__(f"stopped by {signal.Signals(signal_number).name} after step {step}")
        self.exit_code = 128 + signal_number


class NotFinite(RunError):  # noqa: N818  what was met
    """A step gave a loss or a gradient that is not finite; the state is that from before it."""

    def __init__(self, step: int, names: tuple[str, ...]) -> None:
        super().__init__(f"step {step} gave a {' and a '.join(names)} that is not a finite number")


def run_training(
    task: Any,
    pictures: ImageSet,
    config: Train,
    *,
    state: TrainingState,
    callbacks: list[keras.callbacks.Callback],
    validate: Validate = lambda _epoch: {},
) -> None:
    """Train from where the state is to the last epoch, saving on the way and at the end.

    Args:
        task: a compiled model with `train_step`, `log_names`, `step` and `rollbacks`.
        pictures: the training set; labels may be absent where the task needs none.
        config: epochs, batch size, steps a call, and when to save.
        state: restored, or new.
        callbacks: Keras callbacks; `on_train_batch_end` gets the number of steps done. One that
            cannot write its file is warned of, and the training goes on.
        validate: from the epoch (from 0) to its validation numbers, named `val_...`.

    Raises:
        Stopped: Ctrl-C or SIGTERM came; the state is saved.
        NotFinite: a step went wrong; the task is as it was before that step.
        RunError: the last state, or the very first, cannot be saved.
    """
    compiled = compile_steps(task, pictures, config.batch_size, xla=config.xla)
    progress = state.progress
    saves = _Saves(state, config.checkpoint_every)
    tell = _Beside(callbacks, task)

    tell("on_train_begin")
    try:
        with stop_requests() as stop, _young_objects_only():
            saves.now()
            for epoch in range(config.epochs):
                end = epoch_end(epoch, len(pictures), config.batch_size)
                if progress.step >= end:
                    continue
                tell("on_epoch_begin", epoch)
                while progress.step < end and not stop:
                    count = min(config.steps_per_call, end - progress.step)
                    advance(compiled, count, state, tell)
                    if progress.step < end:
                        saves.if_due()
                if progress.step == end:  # also when the stop came in its last steps
                    tell("on_epoch_end", epoch, progress.end_epoch() | validate(epoch))
                    saves.after_epoch(epoch)
                    gc.collect()
                if stop:
                    saves.now()
                    raise Stopped(stop.number, progress.step)
            saves.now()
    finally:
        tell("on_train_end")


def advance(
    compiled: Callable[[int], Call], count: int, state: TrainingState, tell: Callable[..., None]
) -> None:
    """Make so many steps and tell the callbacks.

    Raises:
        NotFinite: one of them went wrong; those before it are made, and only those.
    """
    before = state.snapshot()
    begin = time.perf_counter()
    call = compiled(count)
    broken = call.broken
    while call.broken:
        state.put_back(before)
        call = compiled(call.good)
    state.progress.seconds += time.perf_counter() - begin
    if call.good:
        state.progress.add(call.logs, call.good)
        tell("on_train_batch_end", state.progress.step, call.logs)
    if broken:
        raise NotFinite(state.progress.step + 1, broken)


def epoch_end(epoch: int, count: int, batch_size: int) -> int:
    """Return the number of steps done when this epoch (from 0) is over, at least one each."""
    return max(epoch + 1, (epoch + 1) * count // batch_size)


@contextmanager
def _young_objects_only() -> Iterator[None]:
    """Let garbage collection look only at objects made from here on.

    Figures and the like are cycles, which else pile up for dozens of epochs; and among the half
    million objects of TensorFlow a collection took 0.8 s, without them 0.07 (two busy cores).
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class _Beside:
    """Tells the callbacks what happens; a file that cannot be written ends no training."""

    def __init__(self, callbacks: list[keras.callbacks.Callback], task: Any) -> None:
        self.callbacks = callbacks
        self.failing: set[int] = set()
        for callback in callbacks:
            callback.set_model(task)

    def __call__(self, event: str, *args: Any) -> None:
        for place, callback in enumerate(self.callbacks):
            try:
                getattr(callback, event)(*args)
            except (DataError, RunError, OSError) as error:
                if place not in self.failing:
                    logger.warning("%s; training goes on", error)
                self.failing.add(place)
            else:
                self.failing.discard(place)


class _Saves:
    """Saves the state when it is due; one that fails is tried again, if a good one is there."""

    def __init__(self, state: TrainingState, every: CheckpointEvery) -> None:
        self.state = state
        self.every = every
        self.saved = state.progress.step if state.checkpoints() else -1
        """The step of the newest checkpoint."""
        self._plan()

    def now(self) -> None:
        """Save what is not saved yet.

        Raises:
            RunError: it cannot be saved.
        """
        if self.saved != self.state.progress.step:
            try:
                self.state.save()
            except RunError as error:
                raise RunError(f"step {self.state.progress.step} is not saved: {error}") from error
            self.saved = self.state.progress.step
        self._plan()

    def if_due(self) -> None:
        """Save if the last time is long enough ago."""
        if time.monotonic() >= self.next:
            self._try()

    def after_epoch(self, epoch: int) -> None:
        """Save if this epoch (from 0) is one to be saved."""
        if self.every.epochs and (epoch + 1) % self.every.epochs == 0:
            self._try()
        else:
            self.if_due()

    def _try(self) -> None:
        try:
            self.now()
        except RunError as error:
            if not self.state.checkpoints():
                raise
            logger.warning(
                "%s. Training goes on, and the checkpoint of step %d is untouched; the next try "
                "is in %.0f s",
                error, self.saved, RETRY_SECONDS,
            )  # fmt: skip
            self.next = time.monotonic() + RETRY_SECONDS

    def _plan(self) -> None:
        minutes = self.every.minutes or math.inf
        self.next = time.monotonic() + 60 * minutes
