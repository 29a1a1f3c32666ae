"""What a discriminator has learned: a linear SVM on its features, on raw pixels, and untrained.

Radford, Metz and Chintala, 2016, section 5.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from convgan.config import GanRunConfig
from convgan.data import Dataset
from convgan.errors import UsageError
from convgan.evaluation.linear_svm import evaluate_linear_svm
from convgan.models.network_file import read_network
from convgan.models.pixels import to_float
from convgan.runs import Run
from convgan.runs.evaluations import DiscriminatorResult, SvmResult

SVM_IMAGES = 10_000  # training images that the SVM learns from, or is given few labels of
SVM_DRAWS = 10  # of few labels
_BATCH = 500
_GRID = 4  # cells per side that every feature map is pooled to


def measure_discriminator(
    run: Run, config: GanRunConfig, dataset: Dataset, labels: int | None, *, seed: int
) -> DiscriminatorResult:
    """Return test accuracies of SVMs on three kinds of features, from all labels or few."""
    pool = np.random.default_rng(seed).permutation(len(dataset.train))
    train, test = dataset.train.take(pool[: max(SVM_IMAGES, labels or 0)]), dataset.test
    if train.labels is None or test.labels is None:
        raise UsageError(f"{train.origin} has no classes, and an SVM needs them")
    known, hidden = train.labels, test.labels

    def accuracy(features: Callable[[NDArray[np.uint8]], NDArray[np.float32]]) -> SvmResult:
        x, x_test = features(train.images), features(test.images)
        return evaluate_linear_svm(
            x, known, x_test, hidden, seed=seed, labels=labels, draws=SVM_DRAWS
        )

    keras.utils.set_random_seed(config.seed)
    trained = read_network(run.folder / "model" / "discriminator.safetensors").network
    untrained = config.discriminator.build(train.image_shape, 0)  # features know no classes
    return DiscriminatorResult(
        trained=accuracy(partial(discriminator_features, trained)),
        untrained=accuracy(partial(discriminator_features, untrained)),
        pixels=accuracy(_flat),
    )


def discriminator_features(
    discriminator: keras.Model, images: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Uint8 images (N, H, W, C) to the discriminator's float32 features (N, F).

    The outputs of all convolution blocks (after normalisation, activation and pooling; dropout
    is off), each max-pooled to a 4 × 4 grid, flattened and joined (sections 5.1 and 5.2 of the
    paper). Of a network whose layers are not named as convgan's, `block1_…`, the outputs of its
    convolutions, and of one without any those of its layers that give vectors, the logit left out.

    Raises:
        UsageError: there are none.
    """
    blocks = {
        layer.name.partition("_")[0]: layer.output  # of a block, its last layer's stays
        for layer in discriminator.layers
        if layer.name.startswith("block")
    }
    for kind in (keras.layers.Conv2D, keras.layers.Layer):
        blocks = blocks or {
            layer.name: layer.output
            for layer in discriminator.layers[1:]
            if isinstance(layer, kind) and layer.output.shape[-1] > 1
        }
    if not blocks:
        raise UsageError(f"the network {discriminator.name} has nothing but its logit: no features")
    network = keras.Model(discriminator.inputs[0], blocks)  # without the classes
    signature = [tf.TensorSpec((None, *images.shape[1:]), tf.uint8)]

    @tf.function(input_signature=signature, autograph=False)
    def features(batch: tf.Tensor) -> tf.Tensor:
        maps = network(to_float(batch), training=False)
        pooled = [
            adaptive_max_pool(maps[name], _GRID) if maps[name].shape.rank == 4 else maps[name]
            for name in blocks
        ]
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
    for axis in (1, 2):
        size = maps.shape[axis]
        cells = min(size, grid)
        windows = [range(i * size // cells, -((i + 1) * size // -cells)) for i in range(cells)]
        parts = [tf.reduce_max(tf.gather(maps, window, axis=axis), axis) for window in windows]
        maps = tf.stack(parts, axis)
    return maps


def _flat(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
