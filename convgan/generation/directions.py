"""The directions in which a generator's latent vectors matter most."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray


def strongest_directions(network: keras.Model, count: int) -> NDArray[np.float32]:
    """Return unit latent vectors, (count, latent_dim), the strongest first.

    They are the principal components of the first layer's activations (Härkönen et al., 2020,
    "GANSpace"), which for a linear layer W and normal latent vectors are the right singular vectors
    of W (Shen and Zhou, 2021, section 3). None, (0, latent_dim), of a network that has no layer
    named `projection`.
    """
    latent_dim = int(network.inputs[0].shape[-1])
    layer = next((each for each in network.layers if each.name == "projection"), None)
    if layer is None:
        return np.empty((0, latent_dim), np.float32)
    kernel = np.asarray(layer.kernel)[:latent_dim].astype(np.float64)  # below: rows of the classes
    directions, _, _ = np.linalg.svd(kernel, full_matrices=False)
    largest = np.abs(directions).argmax(axis=0)  # a direction's sign is arbitrary: make it one
    directions *= np.sign(directions[largest, np.arange(directions.shape[1])])
    return np.asarray(directions.T[:count], np.float32)
