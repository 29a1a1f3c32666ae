"""`train.precision: auto`: bfloat16 where the device computes in it and a step is faster so."""

from __future__ import annotations

import logging
from collections.abc import Callable
from statistics import median
from typing import TypeVar, cast

import numpy as np

from convgan.config import ClassifierRunConfig, GanRunConfig
from convgan.data import ImageSet
from convgan.hardware import computes_in_bfloat16, set_precision_and_seed
from convgan.training.steps import compile_steps
from convgan.training.task import Task
from convgan.training.timing import seconds_per_step
from convgan.workers import ALONE, told_by_all, workers

logger = logging.getLogger("convgan")
C = TypeVar("C", bound=ClassifierRunConfig | GanRunConfig)


def resolve_precision(config: C, pictures: ImageSet, build: Callable[[], Task]) -> C:
    """Return the configuration, with what `train.precision: auto` stands for here.

    Where the device computes in bfloat16, some steps of the task that `build` gives are made in
    both; several workers take it where all of them compute in it. The result is kept with the run,
    so that a resume or a rerun computes in the same.
    """
    train = config.train
    if train.precision != "auto":
        return config
    precision = "float32"
    if workers() is not ALONE:  # whose steps cannot be timed by each for itself
        if told_by_all(np.array([computes_in_bfloat16()], np.int32)).all():
            precision = "mixed_bfloat16"
    elif computes_in_bfloat16():
        logger.info("measuring some steps in float32 and in bfloat16 …")
        candidates = {}
        for name in ("float32", "mixed_bfloat16"):
            set_precision_and_seed(name, config.seed)
            steps = compile_steps(build(), pictures, train.batch_size, xla=train.xla)
            steps(1)  # traced under this precision
            candidates[name] = steps
        times = {k: median(v) for k, v in seconds_per_step(candidates, rounds=3).items()}
        precision = min(times, key=lambda name: times[name])
        said = ", ".join(f"{name} {1e3 * seconds:.1f} ms" for name, seconds in times.items())
        logger.info("a step takes in %s: %s it is", said, precision)
    resolved = {"train": train.model_copy(update={"precision": precision})}
    return cast("C", config.model_copy(update=resolved))
