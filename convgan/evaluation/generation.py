"""Latent vectors to images."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from convgan.models.pixels import to_uint8

_BATCH = 50  # few, for memory


def generate(generator: keras.Model, z: tf.Tensor) -> NDArray[np.uint8]:
    """Latent vectors (N, latent_dim) to uint8 images (N, H, W, C), in batches."""
    images = np.empty((len(z), *generator.output_shape[1:]), np.uint8)
    for start in range(0, len(z), _BATCH):
        part = slice(start, start + _BATCH)
        images[part] = to_uint8(generator(z[part], training=False))
    return images
