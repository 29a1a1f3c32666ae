"""The discriminator's features against a walk through its layers and a loop over the cells."""

from __future__ import annotations

from math import ceil, floor
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from convgan.errors import UsageError
from convgan.evaluation.discriminator import adaptive_max_pool, discriminator_features
from convgan.models.network_file import read_network, write_network
from tests.models import small

SIZE = (19, 26, 2)
BLOCKS: list[dict[str, Any]] = [
    {"filters": 3, "kernel": 3, "stride": 2, "norm": "batch", "activation": "leaky_relu"},
    {"filters": 5, "kernel": 3, "stride": 1, "padding": 1, "activation": "linear",
     "spectral_norm": True, "dropout": 0.4},
    {"filters": 2, "kernel": 3, "stride": 2, "downsample": "max_pool", "norm": "batch",
     "norm_position": "after_activation", "activation": "relu", "dropout": 0.3},
]  # fmt: skip
LAST = ("block1_leaky_relu", "block2_conv_sn", "block3_pool")  # of each, but for its dropout


def discriminator(size: tuple[int, int, int] = SIZE) -> keras.Model:
    """A network of every kind of block, with batch statistics that are not 0 and 1."""
    keras.utils.set_random_seed(4)
    network = small.discriminator(shape=size, blocks=BLOCKS)
    rng = np.random.default_rng(1)
    for layer in network.layers:
        if layer.name.endswith("_norm"):
            layer.set_weights([rng.uniform(0.5, 2, w.shape) for w in layer.get_weights()])
    return network


def images(count: int, size: tuple[int, int, int] = SIZE) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, *size), np.uint8)


def pooled(maps: NDArray[np.float32], grid: int = 4) -> NDArray[np.float32]:
    """Pool by the definition, one cell and one pixel after the other."""
    count, height, width, channels = maps.shape
    rows, columns = min(height, grid), min(width, grid)
    result = np.full((count, rows, columns, channels), -np.inf, np.float32)
    for i in range(rows):
        for j in range(columns):
            for y in range(floor(i * height / rows), ceil((i + 1) * height / rows)):
                for x in range(floor(j * width / columns), ceil((j + 1) * width / columns)):
                    result[:, i, j] = np.maximum(result[:, i, j], maps[:, y, x])
    return result


@pytest.mark.parametrize("size", [(7, 14), (9, 5), (3, 13), (28, 2), (4, 4), (1, 6), (11, 16)])
@pytest.mark.parametrize("grid", [3, 4])
def test_pooling_by_the_definition(size: tuple[int, int], grid: int) -> None:
    maps = np.random.default_rng(2).normal(-5, 1, (2, *size, 3)).astype(np.float32)
    assert np.array_equal(adaptive_max_pool(tf.constant(maps), grid), pooled(maps, grid))


def test_pooling_of_a_ramp() -> None:
    """14 rows in four windows: 0 to 3, 3 to 6, 7 to 10, 10 to 13."""
    ramp = tf.reshape(tf.range(14.0), (1, 14, 1, 1))
    assert np.ravel(adaptive_max_pool(ramp, 4)).tolist() == [3, 6, 10, 13]
    assert np.ravel(adaptive_max_pool(-ramp, 4)).tolist() == [0, -3, -7, -10]


def test_features_are_those_of_a_walk_through_the_layers() -> None:
    network, pictures = discriminator(), images(503)
    x = pictures.astype(np.float32) / np.float32(127.5) - 1
    parts = []
    for layer in network.layers[1:]:
        x = np.asarray(layer(x, training=False))
        if layer.name in LAST:
            parts.append(pooled(x).reshape(503, -1))
    features = discriminator_features(network, pictures)
    assert [part.shape[1] for part in parts] == [16 * 3, 16 * 5, 16 * 2]
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, np.hstack(parts), rtol=1e-4, atol=1e-5)


def test_saved_and_loaded(tmp_path: Path) -> None:
    network, pictures = discriminator(), images(9)
    path = tmp_path / "discriminator.safetensors"
    section = {"blocks": BLOCKS}
    write_network(path, "discriminator", network, small.spec("discriminator", SIZE, section))
    features = discriminator_features(read_network(path).network, pictures)
    assert np.array_equal(features, discriminator_features(network, pictures))


def test_small_maps_stay_as_they_are() -> None:
    block = {"filters": 3, "kernel": 3, "stride": 2}
    network = small.discriminator(shape=(6, 8, 1), blocks=[block])
    features = discriminator_features(network, images(2, (6, 8, 1)))
    assert features.shape == (2, 3 * 4 * 3)


def test_mixed_precision_gives_float32() -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    features = discriminator_features(discriminator(), images(3))
    keras.config.set_dtype_policy("float32")
    assert features.dtype == np.float32
    expected = discriminator_features(discriminator(), images(3))
    np.testing.assert_allclose(features, expected, atol=0.05 * np.abs(expected).max())


def test_a_residual_block_gives_what_it_adds_up_to() -> None:
    network = small.discriminator(**small.RESIDUAL)
    features = discriminator_features(network, images(3, small.SHAPE))
    added = [network.get_layer(f"block{index}_add").output for index in (1, 2)]
    pictures = images(3, small.SHAPE).astype(np.float32) / np.float32(127.5) - 1
    maps = keras.Model(network.inputs[0], added)(pictures, training=False)
    expected = np.hstack([pooled(np.asarray(each)).reshape(3, -1) for each in maps])
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-5)


def test_a_network_of_other_names_gives_its_convolutions() -> None:
    chain = [layers.Input((4, 4, 1)), layers.Conv2D(2, 3, name="first"), layers.Flatten()]
    network = keras.Sequential(chain)
    assert discriminator_features(network, images(3, (4, 4, 1))).shape == (3, 2 * 2 * 2)


def test_a_network_without_convolutions() -> None:
    network = keras.Sequential([layers.Input((4, 4, 1)), layers.Flatten()], name="flat")
    with pytest.raises(UsageError, match="flat has nothing but its logit"):
        discriminator_features(network, images(1, (4, 4, 1)))


def test_a_network_of_dense_layers_gives_their_outputs() -> None:
    pictures = keras.layers.Input((6, 8, 1))
    x = keras.layers.Flatten()(pictures)
    x = keras.layers.Dense(5, activation="relu")(x)
    network = keras.Model(pictures, keras.layers.Dense(1)(x))
    given = np.random.default_rng(1).integers(0, 256, (3, 6, 8, 1), np.uint8)
    features = discriminator_features(network, given)
    assert features.shape == (3, 48 + 5)
    np.testing.assert_allclose(features[:, :48], given.reshape(3, -1) / 127.5 - 1, atol=1e-6)
