"""What a dry run ends with: one update on a tiny batch."""

from __future__ import annotations

import logging
import statistics

import tensorflow as tf

from convgan.config import TrainConfig
from convgan.data import ImageSet
from convgan.hardware import make_deterministic
from convgan.training.steps import compile_steps
from convgan.training.task import Task
from convgan.training.timing import seconds_per_step
from convgan.workers import ALONE, workers

logger = logging.getLogger("convgan")
_TINY = 4  # images of the batch that each replica gets


def dry_run(task: Task, pictures: ImageSet, config: TrainConfig) -> None:
    """Make one update; with `train.deterministic`, also measure what that costs."""
    size = min(config.batch_size, _TINY * tf.distribute.get_strategy().num_replicas_in_sync)
    logs = compile_steps(task, pictures.head(size), size, xla=config.xla)(1).logs
    numbers = ", ".join(f"{name} {value:.4f}" for name, value in logs.items())
    logger.info("dry run: one step on %d images gave %s", size, numbers)
    if config.deterministic and workers() is ALONE:
        logger.info("measuring what train.deterministic costs …")
        usual = _step_milliseconds(task, pictures, config)
        make_deterministic()
        exact = _step_milliseconds(task, pictures, config)
        logger.info(
            "%.1f ms per step, and %.1f ms with train.deterministic (%+.0f %%)",
            usual, exact, 100 * (exact / usual - 1),
        )  # fmt: skip
    logger.info("nothing was kept")


def _step_milliseconds(task: Task, pictures: ImageSet, config: TrainConfig) -> float:
    steps = compile_steps(task, pictures, config.batch_size, xla=config.xla)
    return 1e3 * statistics.median(seconds_per_step({"": steps})[""])
