"""Everything random, from (run seed, stream name, step): the same after a stop as before it."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from convgan.config.kinds import Augmentation


def stream_seed(run_seed: int, stream: str, step: tf.Tensor | int) -> tf.Tensor:
    """Return a stateless seed, int64 (2,), of its own for each stream and step."""
    mixed = np.random.SeedSequence([run_seed, crc32(stream.encode())])
    key = int(mixed.generate_state(1)[0]) >> 1
    return tf.stack([tf.constant(key, tf.int64), tf.cast(step, tf.int64)])


def rng_counter(step: tf.Tensor, rollbacks: tf.Tensor) -> tf.Tensor:
    """Return the number that stands for this step in the streams: others after each rollback."""
    return step + rollbacks * 2**40


def batch_indices(
    run_seed: int, step: tf.Tensor, batch_size: int, count: int, *, rollbacks: tf.Tensor | int = 0
) -> tf.Tensor:
    """Return which of `count` images the batch of this step holds, int32 (batch_size,).

    The epochs' shuffled orders follow one another without a gap, so that each image is seen
    once per epoch, none is left over and all batches have the same size. The order is
    never stored: the op gives its i-th element directly. After a rollback it is another one, so
    the epoch of the rollback may show some images twice.
    """
    positions = tf.cast(step, tf.int64) * batch_size + tf.range(batch_size, dtype=tf.int64)
    epochs, positions = positions // count, positions % count
    key = tf.fill([batch_size], tf.cast(stream_seed(run_seed, "order", 0)[0], tf.int32))
    again = tf.fill([batch_size], tf.cast(rollbacks, tf.int32))
    seeds = tf.stack([key, tf.cast(epochs, tf.int32), again], axis=1)
    # The raw op: the public wrapper pads a seed for each index along the wrong axis (TF 2.21).
    return tf.raw_ops.RandomIndexShuffle(
        index=tf.cast(positions, tf.int32), seed=seeds, max_index=count - 1, rounds=4
    )


def augmented(
    images: tf.Tensor, augmentations: Sequence[Augmentation], run_seed: int, counter: tf.Tensor
) -> tf.Tensor:
    """Apply augmentations one after the other, each with a random stream of its own."""
    names: list[str] = []
    for augmentation in augmentations:
        times = names.count(augmentation.name)
        stream = f"{augmentation.name}{times + 1}" if times else augmentation.name
        images = augmentation(images, stream_seed(run_seed, stream, counter))
        names.append(augmentation.name)
    return images


def draw_labels(fractions: NDArray[np.float64], seed: tf.Tensor, count: int) -> tf.Tensor:
    """Return labels (count,), int64, each drawn by the classes' fractions (K,)."""
    logits = tf.math.log(tf.constant(fractions[None], tf.float32))
    return tf.random.stateless_categorical(logits, count, seed)[0]
