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
        return FusedAdam(rate, beta_1=optimizer.beta_1, beta_2=optimizer.beta_2, name=name)
    return keras.optimizers.RMSprop(rate, rho=optimizer.rho, name=name)


class FusedAdam(keras.optimizers.Adam):
    """Keras's Adam with one operation a weight in place of some ten (Kingma and Ba, 2015).

    The same numbers to rounding, and the same state; not for `amsgrad`.
    Measured MEASURED
    """

    def update_step(self, gradient: tf.Tensor, variable: Any, learning_rate: Any) -> None:
        """Move one weight and its two moments."""
        place = self._get_variable_index(variable)
        step = tf.cast(self.iterations.value + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[place].handle,
            v=self._velocities[place].handle,
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            lr=tf.cast(learning_rate, tf.float32),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, tf.float32),
        )


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
