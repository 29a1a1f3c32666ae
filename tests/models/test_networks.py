"""The networks that are built from a configuration: sizes, ranges, names, initial weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from convgan.config import (
    ClassifierConfig,
    ClassifierRunConfig,
    DiscriminatorConfig,
    GanRunConfig,
    GeneratorConfig,
    load_config,
)
from convgan.models.classifier import build_classifier
from convgan.models.dcgan import build_discriminator, build_generator

GENERATOR: dict[str, Any] = {
    "latent_dim": 7,
    "projection": {"size": 2, "filters": 6},
    "blocks": [{"filters": 4, "stride": 2, "norm": "batch", "activation": "selu", "dropout": 0.2}],
    "output": {"kernel": 3},
}
BLOCK: dict[str, Any] = {"filters": 3, "stride": 2, "activation": "leaky_relu"}


@pytest.fixture(params=["float32", "mixed_bfloat16"])
def precision(request: pytest.FixtureRequest) -> Iterator[str]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


def names(network: keras.Model) -> list[str]:
    return [layer.name for layer in network.layers]


def frozen(network: keras.Model) -> int:
    return sum(int(np.prod(weight.shape)) for weight in network.non_trainable_weights)


def test_parameters_of_the_articles() -> None:
    config = load_config("classifier-mnist-article")
    assert isinstance(config, ClassifierRunConfig)
    assert build_classifier(config.model, (28, 28, 1), 10).count_params() == 93_322
    gan = load_config("dcgan-fashion-article")
    assert isinstance(gan, GanRunConfig)
    generator = build_generator(gan.generator, 1)
    assert (generator.count_params(), frozen(generator)) == (840_705, 384)
    discriminator = build_discriminator(gan.discriminator, (28, 28, 1))
    assert (discriminator.count_params(), frozen(discriminator)) == (212_865, 0)


def test_generator(precision: str) -> None:
    network = build_generator(GeneratorConfig.model_validate(GENERATOR), 3)
    z = tf.random.stateless_normal([5, 7], [1, 2]) * 20
    images = network(z, training=False)
    assert images.shape == (5, 8, 8, 3)
    assert images.dtype == tf.float32
    assert float(tf.reduce_max(tf.abs(images))) <= 1
    assert {weight.dtype for weight in network.weights} == {"float32"}
    assert network.get_layer("block1_conv").compute_dtype == precision.removeprefix("mixed_")


@pytest.mark.parametrize("spectral_norm", [False, True])
def test_discriminator(precision: str, spectral_norm: bool) -> None:
    critic = DiscriminatorConfig.model_validate(
        {
            "blocks": [BLOCK | {"spectral_norm": spectral_norm}],
            "output_spectral_norm": spectral_norm,
        }
    )
    network = build_discriminator(critic, (8, 6, 3))
    logits = network(tf.random.stateless_normal([5, 8, 6, 3], [1, 2]) * 50, training=True)
    assert logits.shape == (5, 1)
    assert logits.dtype == tf.float32
    assert float(tf.reduce_max(tf.abs(logits))) > 1  # logits, not probabilities


def test_classifier(precision: str) -> None:
    model = ClassifierConfig.model_validate({"blocks": [BLOCK], "hidden": [{"units": 5}]})
    network = build_classifier(model, (8, 6, 3), 4)
    logits = network(tf.random.stateless_normal([5, 8, 6, 3], [1, 2]), training=False)
    assert logits.shape == (5, 4)
    assert logits.dtype == tf.float32
    assert np.abs(logits.numpy().sum(axis=1) - 1).max() > 1e-3  # no softmax
    assert network.get_layer("features").output.shape == (None, 5)


def test_names_of_layers() -> None:
    generator = build_generator(GeneratorConfig.model_validate(GENERATOR), 3)
    assert names(generator) == [
        *("z", "projection", "projection_reshape", "projection_norm", "projection_relu"),
        *("block1_conv", "block1_norm", "block1_selu", "block1_dropout"),
        *("output_conv", "images"),
    ]
    critic = DiscriminatorConfig.model_validate(
        {"blocks": [BLOCK | {"padding": 1, "dropout": 0.1}, BLOCK], "output_spectral_norm": True}
    )
    assert names(build_discriminator(critic, (8, 8, 1))) == [
        *("images", "block1_pad", "block1_conv", "block1_leaky_relu", "block1_dropout"),
        *("block2_conv", "block2_leaky_relu", "flatten", "output_sn", "logits"),
    ]
    model = ClassifierConfig.model_validate(
        {
            "input_range": "[0, 1]",
            "blocks": [BLOCK | {"downsample": "max_pool", "norm": "batch"}],
            "flatten": "average",
            "hidden": [{"units": 5, "norm": "batch", "dropout": 0.5}],
        }
    )
    assert names(build_classifier(model, (8, 8, 1), 4)) == [
        *("images", "unit_range", "block1_conv", "block1_norm", "block1_leaky_relu"),
        *("block1_pool", "average", "hidden1", "hidden1_norm", "hidden1_relu"),
        *("hidden1_dropout", "features", "classes", "logits"),
    ]


def test_normalisation_before_or_after_the_activation() -> None:
    for position, order in (
        ("before_activation", ["block1_norm", "block1_leaky_relu"]),
        ("after_activation", ["block1_leaky_relu", "block1_norm"]),
    ):
        block = BLOCK | {"norm": "batch", "norm_position": position}
        network = build_discriminator(
            DiscriminatorConfig.model_validate({"blocks": [block]}), (8, 8, 1)
        )
        assert names(network)[2:4] == order


def test_leaky_relu_has_radfords_slope() -> None:
    network = build_discriminator(
        DiscriminatorConfig.model_validate({"blocks": [BLOCK]}), (8, 8, 1)
    )
    layer = network.get_layer("block1_leaky_relu")
    assert np.asarray(layer(tf.constant([-2.0, 3.0]))) == pytest.approx([-0.4, 3.0])


def test_input_range() -> None:
    model = ClassifierConfig.model_validate({"blocks": [BLOCK], "input_range": "[0, 1]"})
    layer = build_classifier(model, (8, 8, 1), 4).get_layer("unit_range")
    assert np.asarray(layer(tf.constant([-1.0, 0.0, 1.0]))) == pytest.approx([0, 0.5, 1])


def kernels(network: keras.Model) -> dict[str, np.ndarray]:
    return {
        weight.path: weight.numpy().ravel() for weight in network.weights if "kernel" in weight.path
    }


def test_initial_weights() -> None:
    """Normal with the deviation asked for, and numbers of its own for each layer."""
    keras.utils.set_random_seed(0)
    projection = {"size": 4, "filters": 60}
    generator = build_generator(
        GeneratorConfig.model_validate(GENERATOR | {"projection": projection, "init_stddev": 0.07}),
        3,
    )
    critic = DiscriminatorConfig.model_validate(
        {"blocks": [BLOCK | {"filters": 60}], "init_stddev": 0.03}
    )
    discriminator = build_discriminator(critic, (8, 8, 3))
    drawn = kernels(generator)
    assert drawn["projection/kernel"].std() == pytest.approx(0.07, rel=0.05)
    assert drawn["projection/kernel"].mean() == pytest.approx(0, abs=0.005)
    assert np.abs(drawn["projection/kernel"]).max() > 3 * 0.07  # not cut off
    drawn |= kernels(discriminator)
    for name in ("block1_conv/kernel", "output/kernel"):
        assert drawn[name].std() == pytest.approx(0.03, rel=0.1)
    firsts = {tuple((kernel[:5] / np.abs(kernel[0])).round(4)) for kernel in drawn.values()}
    assert len(firsts) == len(drawn)


def test_default_initial_weights_are_keras_own() -> None:
    keras.utils.set_random_seed(0)
    kernel = kernels(build_generator(GeneratorConfig.model_validate(GENERATOR), 3))[
        "projection/kernel"
    ]
    limit = np.sqrt(6 / (7 + 24))
    assert np.abs(kernel).max() <= limit
    assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.15)
