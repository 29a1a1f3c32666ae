"""Saved networks to logits."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from convgan.errors import DataError
from convgan.models.network_file import read_network
from convgan.models.pixels import to_float

_BATCH = 100  # few, for memory


def load_network(path: Path) -> keras.Model:
    """Load a network's safetensors file.

    Raises:
        DataError: the file is missing, damaged or not of a network that convgan writes.
    """
    return read_network(path).network


def predict_logits(
    network: keras.Model, images: NDArray[np.uint8], *, mirrored: bool = False
) -> NDArray[np.float32]:
    """Uint8 images (N, H, W, C) to the network's float32 logits (N, K), in flat memory.

    Args:
        network: the classifier.
        images: of its size and channels.
        mirrored: take the mean of the logits of each image and of its mirror image
            (Krizhevsky et al., 2012, section 4.1, without the crops).

    Raises:
        DataError: the network is one for other images.
    """
    if network.input_shape[1:] != images.shape[1:]:
        raise DataError(
            f"the network takes images of {network.input_shape[1:]}, these are {images.shape[1:]}"
        )
    parts = [
        network.predict_on_batch(to_float(images[start : start + _BATCH]))
        for start in range(0, len(images), _BATCH)
    ]
    logits = np.concatenate(parts)
    if mirrored:
        logits = (logits + predict_logits(network, images[:, :, ::-1])) / 2
    return logits
