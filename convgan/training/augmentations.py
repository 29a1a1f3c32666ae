"""Random changes of training pictures that keep their class.

Each takes float pictures (N, H, W, C) and a stateless seed (2,), and changes each picture
differently.
"""

from __future__ import annotations

import math

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


def random_affine(images: tf.Tensor, degrees: float, share: float, seed: tf.Tensor) -> tf.Tensor:
    """Turn each picture about its centre by up to so many degrees, and enlarge or shrink it.

    Args:
        images: their edges fill what is outside.
        degrees: the angle is uniform in [-degrees, degrees].
        share: the size is divided by a number uniform in [1 - share, 1 + share].
        seed: of the angles and sizes.
    """
    _, height, width, _ = images.shape
    chance = tf.random.stateless_uniform([_count(images), 2], seed, minval=-1.0, maxval=1.0)
    angle, factor = math.radians(degrees) * chance[:, 0], 1.0 + share * chance[:, 1]
    cosine, sine, zero = factor * tf.cos(angle), factor * tf.sin(angle), tf.zeros_like(angle)
    x, y = (width - 1) / 2, (height - 1) / 2  # the centre stays where it is
    from_column = (cosine, -sine, x - cosine * x + sine * y)
    from_row = (sine, cosine, y - sine * x - cosine * y)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([*from_column, *from_row, zero, zero], axis=1),
        output_shape=[height, width],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )


def random_flip(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Mirror each picture with a chance of a half, left and right exchanged."""
    mirrored = tf.random.stateless_uniform([_count(images), 1, 1, 1], seed) < 0.5
    return tf.where(mirrored, images[:, :, ::-1], images)


def cutout(images: tf.Tensor, side: int, seed: tf.Tensor) -> tf.Tensor:
    """Set a square of `side` pixels to 0, the middle grey (DeVries and Taylor, 2017, "Cutout").

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
