"""Optimizers and learning-rate schedules of a configuration, as Keras's own."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from convgan.config import Adam, Optimizer, Schedule

_RISE = 0.3  # share of the steps in which a one-cycle rate rises
_START = 1 / 25  # of the peak, where it begins to rise


def build_optimizer(
    optimizer: Optimizer, schedule: Schedule, total_steps: int, *, name: str = "optimizer"
) -> Any:
    """Return the Keras optimizer whose rate follows the schedule over `total_steps`.

    The name is part of its variables' names in a checkpoint.
    """
    rate = _rate(optimizer.learning_rate, schedule, max(1, total_steps))
    if isinstance(optimizer, Adam):
        return keras.optimizers.Adam(
            rate, beta_1=optimizer.beta_1, beta_2=optimizer.beta_2, name=name
        )
    return keras.optimizers.RMSprop(rate, rho=optimizer.rho, name=name)


def update(*parts: tuple[Any, list[tf.Tensor], keras.Model]) -> None:
    """Apply each (optimizer, gradients, network), but only when all gradients are computed.

    Without this barrier a graph with a second-order gradient (the R1 penalty) was wrong in about
    one trace of ten: TensorFlow 2.21's dependency optimizer loses edges from the reads of a
    weight to its update, and part of the gradient was computed with weights already moved.
    """
    computed = iter(tf.tuple([each for _, gradients, _ in parts for each in gradients]))
    for optimizer, gradients, network in parts:
        optimizer.apply([next(computed) for _ in gradients], network.trainable_variables)


def _rate(peak: float, schedule: Schedule, steps: int) -> Any:
    schedules = keras.optimizers.schedules
    if schedule == "cosine":
        return schedules.CosineDecay(peak, steps)
    if schedule == "linear":
        return schedules.PolynomialDecay(peak, steps, end_learning_rate=0.0)
    if schedule == "one_cycle":
        rise = max(1, int(_RISE * steps))
        return schedules.CosineDecay(
            _START * peak, max(1, steps - rise), warmup_target=peak, warmup_steps=rise
        )
    return peak
