"""A fixed first convolution that whitens the patches of the training pictures.

From K. Jordan, 2024, "94 % on CIFAR-10 in 3.29 Seconds on a Single GPU", section 3.2, after Page
(2019): its filters are the principal components of the patches, each divided by its standard
deviation, and the same negated, so that a ReLU behind it loses nothing.
"""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from convgan.models.pixels import to_float

NAME = "whitening"
_PATCHES = 500_000
_EPSILON = 5e-4  # added to each variance, against the noise in components that hardly vary


def fit_whitening(network: keras.Model, images: NDArray[np.uint8]) -> None:
    """Set the kernel of a network's layer `whitening`, if it has one, by images (N, H, W, C)."""
    for layer in network.layers:
        if layer.name == NAME:
            layer.kernel.assign(whitening_kernel(images, layer.kernel.shape[0]))


def whitening_kernel(images: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """Return the kernel (size, size, C, 2·size·size·C), from some 500,000 patches of all images."""
    _, height, width, channels = images.shape
    per_image = (height - size + 1) * (width - size + 1)
    some = images[:: max(1, len(images) * per_image // _PATCHES)]
    windows = np.lib.stride_tricks.sliding_window_view(
        np.asarray(to_float(some)), (size, size), axis=(1, 2)
    )  # (N, rows, columns, C, size, size)
    patches = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, size * size * channels)
    variances, components = np.linalg.eigh(np.cov(patches, rowvar=False))
    filters = components / np.sqrt(variances + _EPSILON)
    kernel = np.concatenate([filters, -filters], axis=1)
    return kernel.reshape(size, size, channels, -1).astype(np.float32)
