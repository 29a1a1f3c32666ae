"""What a discriminator has learned, as one vector per image (Radford, Metz and Chintala, 2016)."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from convgan.errors import UsageError
from convgan.models.pixels import to_float

_BATCH = 500
_GRID = 4  # cells per side that every feature map is pooled to


def discriminator_features(
    discriminator: keras.Model, images: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Uint8 images (N, H, W, C) to the discriminator's float32 features (N, F).

    The outputs of all convolution blocks (after normalisation, activation and pooling; dropout
    is off), each max-pooled to a 4 × 4 grid, flattened and joined, the first block's first
    (sections 5.1 and 5.2 of the paper). F is 16 times the sum of the blocks' filters where no map
    is smaller than the grid. Of a network whose layers are not named as convgan's, `block1_…`,
    the outputs of its convolutions are taken.

    Raises:
        UsageError: it has neither.
    """
    blocks = {
        layer.name.partition("_")[0]: layer.output  # of a block, its last layer's stays
        for layer in discriminator.layers
        if layer.name.startswith("block")
    } or {
        layer.name: layer.output
        for layer in discriminator.layers
        if isinstance(layer, keras.layers.Conv2D)
    }
    if not blocks:
        raise UsageError(f"the network {discriminator.name} has no convolutions, so no features")
    network = keras.Model(discriminator.inputs, blocks)
    signature = [tf.TensorSpec((None, *images.shape[1:]), tf.uint8)]

    @tf.function(input_signature=signature, autograph=False)
    def features(batch: tf.Tensor) -> tf.Tensor:
        maps = network(to_float(batch), training=False)
        pooled = [adaptive_max_pool(maps[name], _GRID) for name in blocks]
        rows = [tf.reshape(x, (-1, np.prod(x.shape[1:]))) for x in pooled]
        return tf.concat(rows, axis=1)

    width = features.get_concrete_function().output_shapes[1]
    result = np.empty((len(images), width), np.float32)
    for start in range(0, len(images), _BATCH):
        result[start : start + _BATCH] = features(images[start : start + _BATCH])
    return result


def adaptive_max_pool(maps: tf.Tensor, grid: int) -> tf.Tensor:
    """Max-pool maps (N, H, W, C) to (N, min(H, grid), min(W, grid), C).

    Cell i of n covers [floor(i·H/n), ceil((i+1)·H/n)): all of the map, in windows that share a
    row or column where n does not divide H. Maps no larger than the grid stay as they are.
    (Keras 3.12, the last for Python 3.10, has no adaptive pooling; that of 3.15 gives the same in
    1.5 times the time.)
    """
    rows = [tf.reduce_max(maps[:, a:b], axis=1) for a, b in _windows(maps.shape[1], grid)]
    maps = tf.stack(rows, axis=1)
    columns = [tf.reduce_max(maps[:, :, a:b], axis=2) for a, b in _windows(maps.shape[2], grid)]
    return tf.stack(columns, axis=2)


def _windows(size: int, grid: int) -> list[tuple[int, int]]:
    cells = min(size, grid)
    return [(i * size // cells, -((i + 1) * size // -cells)) for i in range(cells)]
