"""An evaluator for any images, without labels or training: a fixed network of random weights.

Naeem et al., 2020 (Reliable Fidelity and Diversity Metrics for Generative Models), found
features of random networks fit for images that are far from what networks are trained on.
"""

from __future__ import annotations

from math import ceil, log2, prod, sqrt

import keras
import numpy as np
from numpy.typing import NDArray

from convgan.arrays import digest_of
from convgan.evaluation.evaluator import Evaluator
from convgan.models.network_file import in_float32

SEED = 0
_FILTERS, _KERNEL, _SLOPE = 32, 5, 0.2
_SMALLEST = 4  # pixels along the larger side of the last maps, at most


def random_evaluator(image_shape: tuple[int, int, int]) -> Evaluator:
    """Return the random network for images (H, W, C): the same each time and on every machine.

    Convolutions of stride 2 with leaky ReLU, 2 at least, until the maps are about 4 × 4. The
    features are the root mean squares over the pixels of all maps of all layers: how much there is
    of each of 32 random patterns at each scale; 96 for 28 × 28 pixels, 128 for 64 × 64. It knows
    no classes (K = 0).
    """
    height, width, channels = image_shape
    random = np.random.RandomState(SEED)  # whose numbers NumPy has promised not to change

    def kernel(shape: tuple[int, ...], dtype: str | None = None) -> NDArray[np.float32]:
        """He et al., 2015, uniform; only operations that round alike everywhere."""
        limit = sqrt(6 / prod(shape[:-1]))
        return (limit * (2 * random.random_sample(shape) - 1)).astype(dtype)

    with in_float32():
        images = maps = keras.Input(image_shape)
        pooled = []
        for _ in range(max(2, ceil(log2(max(height, width) / _SMALLEST)))):
            maps = keras.layers.Conv2D(
                _FILTERS, _KERNEL, strides=2, padding="same", use_bias=False,
                kernel_initializer=kernel,
            )(maps)  # fmt: skip
            maps = keras.layers.LeakyReLU(negative_slope=_SLOPE)(maps)
            pooled.append(keras.ops.sqrt(keras.ops.mean(keras.ops.square(maps), axis=(1, 2))))
        features = keras.ops.concatenate(pooled, axis=1)
    network = keras.Model(images, [features, features[:, :0]], name="evaluator")
    design = {"stride": 2, "leaky_relu": _SLOPE, "pooling": "root mean square of each layer"}
    weights = {f"conv{index}": each for index, each in enumerate(network.get_weights())}
    name = f"random-{height}x{width}x{channels}-s{SEED}"
    return Evaluator(name, digest_of(design, weights), network)
