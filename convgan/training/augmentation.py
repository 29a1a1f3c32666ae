"""Random changes of training pictures that keep their class.

Each takes float pictures (N, H, W, C) and a stateless seed (2,), and changes each picture
differently.
"""

from __future__ import annotations

import tensorflow as tf


def random_shift(images: tf.Tensor, pixels: int, seed: tf.Tensor) -> tf.Tensor:
    """Move each picture by up to `pixels` whole pixels each way; its edge fills the gap."""
    _, height, width, _ = images.shape
    offsets = tf.random.stateless_uniform(
        [_count(images), 2], seed, minval=-pixels, maxval=pixels + 1, dtype=tf.int32
    )
    rows = _moved(height, offsets[:, 0])
    columns = _moved(width, offsets[:, 1])
    images = tf.gather(images, rows, axis=1, batch_dims=1)
    return tf.gather(images, columns, axis=2, batch_dims=1)


def random_flip(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Mirror every second picture, left and right exchanged."""
    mirrored = tf.random.stateless_uniform([_count(images), 1, 1, 1], seed) < 0.5
    return tf.where(mirrored, images[:, :, ::-1], images)


def random_erase(images: tf.Tensor, side: int, seed: tf.Tensor) -> tf.Tensor:
    """Set a square of `side` pixels to 0, the mean grey (DeVries and Taylor, 2017, "Cutout").

    Its centre is anywhere in the picture, so that a part of it may lie outside.
    """
    _, height, width, _ = images.shape
    share = tf.random.stateless_uniform([_count(images), 2], seed)
    # The first row and column of the square; the centre is side // 2 further.
    first = tf.cast(share * [float(height), float(width)], tf.int32) - side // 2
    rows = _inside(height, first[:, 0], side)[:, :, None, None]
    columns = _inside(width, first[:, 1], side)[:, None, :, None]
    return tf.where(rows & columns, tf.zeros([], images.dtype), images)


def _count(images: tf.Tensor) -> tf.Tensor | int:
    count: int | None = images.shape[0]
    return tf.shape(images)[0] if count is None else count


def _moved(size: int, offsets: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(tf.range(size)[None, :] - offsets[:, None], 0, size - 1)


def _inside(size: int, first: tf.Tensor, side: int) -> tf.Tensor:
    place = tf.range(size)[None, :] - first[:, None]
    return (place >= 0) & (place < side)
