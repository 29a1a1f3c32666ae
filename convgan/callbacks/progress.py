"""The progress of a training on the terminal: a bar, or plain lines where there is none."""

from __future__ import annotations

import logging
import sys
import time

from tqdm import tqdm

from convgan.config import TrainConfig
from convgan.training.callback import Callback, Numbers
from convgan.training.state import TrainingState

logger = logging.getLogger("convgan")

_HIDDEN = ("grad_norm", "learning_rate")  # which the curves show
_PLAIN_SECONDS = 30.0  # between two lines where there is no terminal


class ProgressBar(Callback):
    """A bar with losses, speed and time left; lines where there is no terminal."""

    def __init__(self, state: TrainingState, config: TrainConfig, total_steps: int) -> None:
        self.progress = state.progress
        self.config = config
        self.total_steps = total_steps

    def on_train_begin(self) -> None:
        """Open the bar at the step that the training goes on from."""
        self.first_step, self.first_seconds = self.progress.step, self.progress.seconds
        self.last_line = time.monotonic()
        self.bar = tqdm(
            total=self.total_steps,
            initial=self.progress.step,
            unit="step",
            disable=None,  # where standard error is no terminal
            dynamic_ncols=True,
            bar_format="{desc} {percentage:3.0f}% |{bar:20}| step {n}/{total}{postfix}",
        )

    def on_epoch_begin(self, epoch: int) -> None:
        """Show which epoch begins."""
        self.epoch = epoch + 1
        self.bar.set_description_str(f"epoch {self.epoch}/{self.config.epochs}", refresh=False)

    def on_call_end(self, step: int, logs: Numbers) -> None:
        """Move the bar, or write a line from time to time."""
        numbers = self._numbers(logs)
        self.bar.set_postfix_str(numbers, refresh=False)
        self.bar.update(step - self.bar.n)
        if not sys.stderr.isatty() and time.monotonic() - self.last_line > _PLAIN_SECONDS:
            self.last_line = time.monotonic()
            logger.info("  step %d of %d: %s", step, self.total_steps, numbers)

    def on_epoch_end(self, epoch: int, logs: Numbers) -> None:
        """Leave one line per epoch."""
        self.last_line = time.monotonic()
        logger.info("epoch %d/%d: %s", epoch + 1, self.config.epochs, self._numbers(logs))

    def on_train_end(self) -> None:
        """Close the bar."""
        self.bar.close()

    def _numbers(self, logs: Numbers) -> str:
        """Return losses, speed since this process began to train, and the time left at that."""
        seconds = max(self.progress.seconds - self.first_seconds, 1e-9)
        steps_per_second = (self.progress.step - self.first_step) / seconds
        speed = steps_per_second * self.config.batch_size
        rate = f"{speed:,.0f}" if speed >= 10 else f"{speed:.2f}"
        left = (self.total_steps - self.progress.step) / max(steps_per_second, 1e-9)
        shown = [f"{key} {value:.4f}" for key, value in logs.items() if not key.endswith(_HIDDEN)]
        return ", ".join([*shown, f"{rate} images/s", f"{tqdm.format_interval(left)} left"])
