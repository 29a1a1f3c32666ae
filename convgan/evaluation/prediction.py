"""Networks applied in batches: latent vectors to images, images to logits."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from convgan.config.training import View
from convgan.errors import DataError
from convgan.models.conditioning import inputs_of
from convgan.models.pixels import to_float, to_uint8
from convgan.models.views import mean_logits

_GENERATED, _CLASSIFIED = 50, 100  # images at one time; few, for memory


def generate(
    generator: keras.Model, z: tf.Tensor, labels: tf.Tensor | None = None
) -> NDArray[np.uint8]:
    """Latent vectors (N, latent_dim) to uint8 images (N, H, W, C), in flat memory.

    A conditional generator also needs labels (N,).
    """
    images = np.empty((len(z), *generator.output_shape[1:]), np.uint8)
    for start in range(0, len(z), _GENERATED):
        part = slice(start, start + _GENERATED)
        inputs = inputs_of(generator, z[part], None if labels is None else labels[part])
        images[part] = to_uint8(generator(inputs, training=False))
    return images


def predict_logits(
    network: keras.Model, images: NDArray[np.uint8], views: Sequence[View] = ()
) -> NDArray[np.float32]:
    """Uint8 images (N, H, W, C) to a classifier's float32 logits (N, K), in flat memory.

    They are the mean over each image and its views.

    Raises:
        DataError: the network is one for other images.
    """
    if network.input_shape[1:] != images.shape[1:]:
        raise DataError(
            f"the network takes images of {network.input_shape[1:]}, these are {images.shape[1:]}"
        )
    parts = [
        mean_logits(network, to_float(images[start : start + _CLASSIFIED]), views).numpy()
        for start in range(0, len(images), _CLASSIFIED)
    ]
    return np.concatenate(parts)
