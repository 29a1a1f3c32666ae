"""Several steps in one compiled call.

Measured on 2 cores, medians of 25, interleaved: a step of `classifier-mnist` takes 26.2 ms instead
of 28.3 in calls of one; for the article's DCGAN the gain, 2 %, is within the noise
(benchmarks/parts.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from convgan.data import ImageSet
from convgan.training.streams import batch_indices
from convgan.training.task import Task

MOST_IN_MEMORY = 1 << 30
"""Bytes of pictures that are copied to the device; of larger sets each batch is, so that a map of a
file, which own pictures are, takes no memory."""


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
    pick = _picker(pictures)
    labels = None if pictures.labels is None else tf.constant(pictures.labels)
    names = task.log_names

    def one(done: tf.Tensor, totals: tf.Tensor, firsts: tf.Tensor) -> tuple[tf.Tensor, ...]:
        order = batch_indices(
            task.seed,
            task.step.value,
            batch_size,
            len(pictures),
            rollbacks=task.rollbacks.value,
        )
        batch = pick(order)
        target = None if labels is None else tf.gather(labels, order)
        logs = step(batch, target)
        numbers = tf.stack([logs[name] for name in names])
        firsts = tf.where(tf.math.is_finite(numbers), firsts, tf.minimum(firsts, done))
        return done + 1, totals + numbers, firsts

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


def _picker(pictures: ImageSet) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return what gives the images at some indices, from the device or from where they lie."""
    images = pictures.images
    if images.nbytes <= MOST_IN_MEMORY:
        held = tf.constant(images)
        return lambda indices: tf.gather(held, indices)

    def pick(indices: tf.Tensor) -> tf.Tensor:
        batch = tf.numpy_function(lambda wanted: images[wanted], [indices], tf.uint8)
        return tf.ensure_shape(batch, (*indices.shape, *images.shape[1:]))

    return pick
