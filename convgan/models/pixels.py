"""The two ways between stored images (uint8, 0 to 255) and network values (-1 to 1)."""

from __future__ import annotations

import tensorflow as tf


def to_float(images: tf.Tensor) -> tf.Tensor:
    """Map uint8 images to float32 in [-1, 1]: 0 to -1, 255 to 1; any shape."""
    return tf.cast(images, tf.float32) / 127.5 - 1.0


def to_uint8(values: tf.Tensor) -> tf.Tensor:
    """Map network values in [-1, 1] to uint8, rounding; the inverse of `to_float`."""
    levels = tf.round((tf.cast(values, tf.float32) + 1.0) * 127.5)
    return tf.cast(tf.clip_by_value(levels, 0.0, 255.0), tf.uint8)
