"""The one training loop, for both tasks."""

from __future__ import annotations

import gc
import logging
import math
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from convgan.config import CheckpointInterval, RuntimeConfig, TrainConfig
from convgan.data import ImageSet
from convgan.errors import ConvganError, RunError
from convgan.training.callback import Callback, Callbacks, Numbers
from convgan.training.state import TrainingState
from convgan.training.steps import Call, compile_steps
from convgan.training.stopping import stop_requests
from convgan.training.task import Task
from convgan.workers import loss_of_a_worker, told_by_all

Validate = Callable[[int], Numbers]

logger = logging.getLogger("convgan")
RETRY_SECONDS = 60.0  # after a checkpoint that could not be written
MOST_ROLLBACKS = 3


class Stopped(ConvganError):  # noqa: N818  not a failure
    """The user or the system asked a training to stop; its state is saved."""

    def __init__(self, signal_number: int, step: int) -> None:
        super().__init__(f"stopped by {signal.Signals(signal_number).name} after step {step}")
        self.exit_code = 128 + signal_number


class NotFinite(RunError):  # noqa: N818  what was met
    """A step gave a loss or a gradient that is not finite; the state is that from before it."""

    rollbacks = 0
    """Times that the training had gone back before it gave up."""

    def __init__(self, step: int, names: tuple[str, ...]) -> None:
        super().__init__(f"step {step} gave a {' and a '.join(names)} that is not a finite number")


def run_training(  # noqa: C901  the whole story, in one place
    task: Task,
    pictures: ImageSet,
    config: TrainConfig,
    runtime: RuntimeConfig,
    *,
    state: TrainingState,
    callbacks: Sequence[Callback],
    validate: Validate = lambda _epoch: {},
) -> None:
    """Train from where the state is to the last epoch, saving on the way and at the end.

    Args:
        task: networks and optimizers with their step.
        pictures: the training set; labels may be absent where the task needs none.
        config: epochs and batch size.
        runtime: steps per call, when to save, what follows a number that is not finite.
        state: restored, or new.
        callbacks: told of each event. One that cannot write its file is reported, and the training
            goes on.
        validate: from the epoch (from 0) to its validation numbers, named `val_...`.

    Raises:
        Stopped: Ctrl-C or SIGTERM came; the state is saved.
        NotFinite: a step went wrong, and is not to be rolled back, or not once more; the state
            from before it is saved.
        RunError: the last state, or the very first, cannot be saved.
    """
    steps = compile_steps(task, pictures, config.batch_size, xla=config.xla)
    beside = Callbacks(callbacks)
    progress = state.progress

    def asked_to_stop() -> int:
        """Return the signal that any of the workers got, 0 if none."""
        return int(told_by_all(np.array([stop.number], np.int32)).max())

    def train_epochs() -> None:
        """For each epoch, for each call of some steps: compute, tell, save."""
        saves = _Saves(state, runtime.checkpoint_every)
        saves.now()
        for epoch in range(config.epochs):
            end = epoch_end(config, epoch, len(pictures))
            if progress.step >= end:
                continue
            beside.tell(Callback.on_epoch_begin, epoch)
            while progress.step < end and not asked_to_stop():
                advance(steps, min(runtime.steps_per_call, end - progress.step), state, beside)
                if progress.step < end:
                    saves.if_due()
            if progress.step == end:  # also when the stop came in its last steps
                beside.tell(Callback.on_epoch_end, epoch, progress.end_epoch() | validate(epoch))
                saves.after_epoch(epoch)
                gc.collect()
            if number := asked_to_stop():
                saves.now()
                raise Stopped(number, progress.step)
        saves.now()

    with stop_requests() as stop, _young_objects_only(), loss_of_a_worker():
        while True:
            beside.tell(Callback.on_train_begin)
            try:
                train_epochs()
                return
            except NotFinite as fault:
                used = int(task.rollbacks.value)
                if runtime.on_nan == "stop" or used >= MOST_ROLLBACKS:
                    state.save()
                    fault.rollbacks = used
                    raise
                state.restore_newest()
                task.rollbacks.assign(used + 1)
                beside.tell(Callback.on_rollback, state.progress.step)
                logger.warning(
                    "%s. Back to step %d and on with other noise: rollback %d of at most %d",
                    fault, state.progress.step, used + 1, MOST_ROLLBACKS,
                )  # fmt: skip
            finally:
                beside.tell(Callback.on_train_end)


def advance(
    steps: Callable[[int], Call], count: int, state: TrainingState, beside: Callbacks
) -> None:
    """Make `count` steps and tell the callbacks.

    Raises:
        NotFinite: one of them went wrong; those before it are made, and only those.
    """
    before = state.snapshot()
    begin = time.perf_counter()
    call = steps(count)
    broken = call.broken
    while call.broken:
        state.put_back(before)
        call = steps(call.good)
    state.progress.seconds += time.perf_counter() - begin
    if call.good:
        state.progress.add(call.logs, call.good)
        beside.tell(Callback.on_call_end, state.progress.step, call.logs)
    if broken:
        raise NotFinite(state.progress.step + 1, broken)


def epoch_end(config: TrainConfig, epoch: int, count: int) -> int:
    """Return the steps done when this epoch (from 0) of `count` images is over, at least one."""
    return max(epoch + 1, (epoch + 1) * config.passes * count // config.batch_size)


def steps_per_epoch(config: TrainConfig, count: int) -> float:
    """Return by how many steps, on average, an epoch of `count` images is one more."""
    return max(1.0, config.passes * count / config.batch_size)


def total_steps(config: TrainConfig, count: int) -> int:
    """Return the steps of the whole training with `count` images."""
    return epoch_end(config, config.epochs - 1, count)


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


class _Saves:
    """Saves the state when it is due; one that fails is tried again, if a good one is there."""

    def __init__(self, state: TrainingState, interval: CheckpointInterval) -> None:
        self.state = state
        self.interval = interval
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
        if self.interval.epochs and (epoch + 1) % self.interval.epochs == 0:
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
        minutes = self.interval.minutes or math.inf
        self.next = time.monotonic() + 60 * minutes
