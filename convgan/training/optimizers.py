"""Optimizers and learning-rate schedules of a configuration, as Keras's own."""

from __future__ import annotations

import keras
import tensorflow as tf

from convgan.config import Optimizer, Schedule
from convgan.replicas import replica_mean
from convgan.training.muon import Muon

_KINDS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "muon": Muon,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
}
_RISE = 0.3  # fraction of the steps in which a one-cycle rate rises
_START = 1 / 25  # of the peak, where it begins to rise


def build_optimizer(
    optimizer: Optimizer, schedule: Schedule, total_steps: int, network: keras.Model
) -> keras.optimizers.Optimizer:
    """Return the Keras optimizer of a network, whose rate follows the schedule over `total_steps`.

    It is built, so that a resume finds its moments.
    """
    rate = _rate(optimizer.learning_rate, schedule, max(1, total_steps))
    settings = optimizer.model_dump(exclude={"name", "learning_rate"})
    decays = bool(settings.get("weight_decay"))
    if not decays:
        settings.pop("weight_decay", None)  # Keras would decay by 0, in another pass
    built = _KINDS[optimizer.name](rate, **settings)
    if decays:
        built.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    built.build(network.trainable_variables)
    built._all_reduce_sum_gradients = list  # `update` has their means already
    return built


def update(
    *parts: tuple[keras.optimizers.Optimizer, list[tf.Tensor], keras.Model],
) -> list[tf.Tensor]:
    """Apply each (optimizer, gradients, network), but only when all gradients are computed.

    Return the norm of each network's gradients. On several replicas they are the whole batch's.

    Without this barrier a graph with a second-order gradient (the R1 penalty) was wrong in about
    one of ten traces: TensorFlow 2.21's dependency optimizer loses edges from the reads of a
    weight to its update, and part of the gradient was computed with weights already moved.
    """
    computed = tf.tuple(replica_mean([each for _, gradients, _ in parts for each in gradients]))
    norms = []
    for optimizer, gradients, network in parts:
        own, computed = computed[: len(gradients)], computed[len(gradients) :]
        optimizer.apply(own, network.trainable_variables)
        norms.append(tf.linalg.global_norm(own))
    return norms


def _rate(
    peak: float, schedule: Schedule, steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
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
