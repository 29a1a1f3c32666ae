"""Several steps in one compiled call.

Measured on 2 cores, medians of 25, interleaved: a step of `classifier-mnist` takes 26.2 ms instead
of 28.3 in calls of one; for the article's DCGAN the gain, 2 %, is within the noise
(benchmarks/parts.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import tensorflow as tf

from convgan.data import ImageSet
from convgan.data.image_set import MOST_IN_MEMORY
from convgan.replicas import own_part, replica_mean
from convgan.training.streams import batch_indices
from convgan.training.task import Due, Task

Held: TypeAlias = dict[str, tf.Tensor]
"""`images` and `labels`, as far as they lie on the device."""


@dataclass(frozen=True)
class Call:
    """What some steps gave."""

    logs: dict[str, float]
    """Means over the steps."""
    good: int
    """The steps before the first with a number that is not finite."""
    broken: tuple[str, ...] = ()
    """Which numbers of that step are not finite."""


def compile_steps(
    task: Task, pictures: ImageSet, batch_size: int, *, xla: bool = False
) -> Callable[[int], Call]:
    """Return a function that makes a given number of steps in one compiled call.

    The pictures stay uint8 and are gathered inside the call; one trace serves all numbers
    of steps. A step that goes wrong does not end the call: it is found after it. With `xla` the
    step itself is compiled by XLA; the choice of pictures, which XLA cannot do, is not.
    """
    step = (
        tf.function(task.train_step, jit_compile=True, autograph=False) if xla else task.train_step
    )
    strategy = tf.distribute.get_strategy()
    replicated = tf.distribute.has_strategy()
    held = _held(pictures, strategy)
    names = task.log_names

    def numbers(held: Held, due: Due | None) -> tf.Tensor:
        """Make one step with this replica's part of the batch; return the whole batch's logs."""
        order = batch_indices(
            task.seed,
            task.step.value,
            batch_size,
            len(pictures),
            rollbacks=task.rollbacks.value,
        )
        logs = step(*_picked(pictures, held, own_part(order)), due)
        return replica_mean(tf.stack([logs[name] for name in names]))

    def on_each_replica(due: Due) -> tf.Tensor:
        """Make one step, with all that is due known before it begins."""
        for name, value in due.items():
            if not isinstance(value, bool):
                with_it, without = ({**due, name: known} for known in (True, False))
                return tf.cond(
                    value, partial(on_each_replica, with_it), partial(on_each_replica, without)
                )
        return strategy.experimental_local_results(strategy.run(numbers, (held, due)))[0]

    def one(done: tf.Tensor, totals: tf.Tensor, firsts: tf.Tensor) -> tuple[tf.Tensor, ...]:
        logs = on_each_replica(task.due(task.step.value)) if replicated else numbers(held, None)
        firsts = tf.where(tf.math.is_finite(logs), firsts, tf.minimum(firsts, done))
        return done + 1, totals + logs, firsts

    # No AutoGraph: with Python 3.13 that of TensorFlow 2.21 does not see a loop over tf.range.
    @tf.function(input_signature=[tf.TensorSpec([], tf.int32)], autograph=False)
    def steps(count: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        begin = (tf.constant(0), tf.zeros(len(names)), tf.fill([len(names)], count))
        _, totals, firsts = tf.while_loop(lambda done, *_: done < count, one, begin)
        return totals / tf.cast(count, tf.float32), firsts

    def call(count: int) -> Call:
        means, firsts = (tensor.numpy().tolist() for tensor in steps(tf.constant(count)))
        good = min(firsts)
        broken = [name for name, first in zip(names, firsts, strict=True) if first == good]
        logs = dict(zip(names, means, strict=True))
        return Call(logs, good, tuple(broken) if good < count else ())

    return call


def _held(pictures: ImageSet, strategy: tf.distribute.Strategy) -> Held:
    """Return the arrays of the pictures that lie on the device, or on that of each replica."""
    arrays = {"images": pictures.images, "labels": pictures.labels}
    if pictures.images.nbytes > MOST_IN_MEMORY:
        del arrays["images"]

    def copy(device: str | None) -> Held:
        with tf.device(device):
            return {name: tf.constant(a) for name, a in arrays.items() if a is not None}

    if not tf.distribute.has_strategy():
        return copy(None)
    devices = strategy.extended.worker_devices
    held: Held = strategy.experimental_distribute_values_from_function(
        lambda context: copy(devices[context.replica_id_in_sync_group % len(devices)])
    )
    return held


def _picked(pictures: ImageSet, held: Held, order: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor | None]:
    """Return the images and labels at these indices, from the device or from where they lie."""
    labels = tf.gather(held["labels"], order) if "labels" in held else None
    if "images" in held:
        return tf.gather(held["images"], order), labels
    images = pictures.images
    batch = tf.numpy_function(lambda wanted: images[wanted], [order], tf.uint8)
    return tf.ensure_shape(batch, (*order.shape, *images.shape[1:])), labels
