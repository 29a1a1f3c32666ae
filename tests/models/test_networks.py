"""The networks that are built from a configuration: sizes, ranges, names, initial weights."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from convgan.config import ClassifierRunConfig, GanRunConfig, load_config
from convgan.errors import UsageError

from .small import (
    BLOCK,
    GENERATOR,
    RESIDUAL,
    RESNET_GENERATOR,
    classifier,
    discriminator,
    generator,
    inputs_of,
    randomise,
)


def names(network: keras.Model) -> list[str]:
    return [layer.name for layer in network.layers]


def frozen(network: keras.Model) -> int:
    return sum(int(np.prod(weight.shape)) for weight in network.non_trainable_weights)


def test_parameters_of_the_articles() -> None:
    config = load_config("classifier-mnist-article")
    assert isinstance(config, ClassifierRunConfig)
    assert config.model.build((28, 28, 1), 10).count_params() == 93_322
    gan = load_config("dcgan-fashion-article")
    assert isinstance(gan, GanRunConfig)
    generator = gan.generator.build((28, 28, 1), 0)
    assert (generator.count_params(), frozen(generator)) == (840_705, 384)
    discriminator = gan.discriminator.build((28, 28, 1), 0)
    assert (discriminator.count_params(), frozen(discriminator)) == (212_865, 0)


@pytest.mark.parametrize("norm", ["none", "batch", "instance"])
@pytest.mark.parametrize("resnet", [False, True])
def test_logits_stay_finite_with_spectral_norm(precision: str, resnet: bool, norm: str) -> None:
    own = {"norm": norm, "spectral_norm": True}
    section = RESIDUAL | own if resnet else {"blocks": [BLOCK | own], "output_spectral_norm": True}
    network = discriminator(**section)
    randomise(network)
    logits = network(tf.random.stateless_normal([5, 8, 6, 3], [1, 2]) * 50, training=True)
    assert np.isfinite(logits).all()


def test_names_of_layers() -> None:
    assert names(generator(**GENERATOR)) == [
        *("z", "projection", "projection_reshape", "projection_norm", "projection_relu"),
        *("block1_conv", "block1_norm", "block1_selu", "block1_dropout"),
        *("output_conv", "images"),
    ]
    blocks = [BLOCK | {"padding": 1, "dropout": 0.1}, BLOCK]
    assert names(discriminator(blocks=blocks, output_spectral_norm=True)) == [
        *("images", "block1_pad", "block1_conv", "block1_leaky_relu", "block1_dropout"),
        *("block2_conv", "block2_leaky_relu", "flatten", "output_sn", "logits"),
    ]
    network = classifier(
        input_range="[0, 1]",
        blocks=[BLOCK | {"downsample": "max_pool", "norm": "batch"}],
        flatten="average",
        hidden=[{"units": 5, "norm": "batch", "dropout": 0.5}],
    )
    assert names(network) == [
        *("images", "unit_range", "block1_conv", "block1_norm", "block1_leaky_relu"),
        *("block1_pool", "average", "hidden1", "hidden1_norm", "hidden1_relu"),
        *("hidden1_dropout", "features", "classes", "logits"),
    ]
    upsampled = generator(**GENERATOR | {"blocks": [BLOCK | {"upsample": "nearest"}]})
    assert names(upsampled)[5:8] == ["block1_upsample", "block1_conv", "block1_leaky_relu"]


def test_normalisation_before_or_after_the_activation() -> None:
    for position, order in (
        ("before_activation", ["block1_norm", "block1_leaky_relu"]),
        ("after_activation", ["block1_leaky_relu", "block1_norm"]),
    ):
        network = discriminator(blocks=[BLOCK | {"norm": "batch", "norm_position": position}])
        assert names(network)[2:4] == order


@pytest.mark.parametrize("slope", [None, 0.05])
def test_leaky_relu_has_radfords_slope_or_its_own(slope: float | None) -> None:
    block = BLOCK if slope is None else BLOCK | {"negative_slope": slope}
    layer = discriminator(blocks=[block]).get_layer("block1_leaky_relu")
    expected = -2 * (slope or 0.2)
    assert np.asarray(layer(tf.constant([-2.0, 3.0]))) == pytest.approx([expected, 3.0])


@pytest.mark.parametrize("spectral_norm", [False, True])
def test_a_convolution_without_bias(spectral_norm: bool) -> None:
    block = BLOCK | {"spectral_norm": spectral_norm}
    plain = discriminator(blocks=[block])
    without = discriminator(blocks=[block | {"use_bias": False}])
    assert plain.count_params() - without.count_params() == BLOCK["filters"]
    assert not any("block1" in w.path and "bias" in w.path for w in without.weights)
    up = generator(**GENERATOR | {"blocks": [BLOCK | {"use_bias": False}]})
    assert not up.get_layer("block1_conv").use_bias


def test_input_range() -> None:
    layer = classifier(blocks=[BLOCK], input_range="[0, 1]").get_layer("unit_range")
    assert np.asarray(layer(tf.constant([-1.0, 0.0, 1.0]))) == pytest.approx([0, 0.5, 1])


def normalised(x: NDArray[Any], groups: int) -> NDArray[Any]:
    """Each sample and group of neighbouring channels by itself, in loops."""
    made = np.empty_like(x)
    size = x.shape[-1] // groups
    for index, sample in enumerate(x):
        for group in range(groups):
            part = sample[..., group * size : (group + 1) * size]
            scaled = (part - part.mean()) / np.sqrt(part.var() + 1e-3)
            made[index, ..., group * size : (group + 1) * size] = scaled
    return made


@pytest.mark.parametrize(("norm", "groups"), [("instance", 6), ("group", 3), ("layer", 1)])
def test_normalisation_of_each_sample(norm: str, groups: int, precision: str) -> None:
    block = BLOCK | {"filters": 6, "norm": norm, "groups": 3}
    layer = discriminator(blocks=[block]).get_layer("block1_norm")
    x = np.random.default_rng(0).normal(3, [1, 2, 0.5, 4, 1, 9], (2, 4, 3, 6))
    gamma, beta = np.arange(1.0, 7.0), np.arange(6.0)
    layer.set_weights([gamma, beta])
    for training in (False, True):
        made = np.asarray(layer(tf.constant(x, tf.float32), training=training), np.float64)
        tolerance = 1e-4 if precision == "float32" else 0.03
        expected = normalised(x, groups) * gamma + beta
        np.testing.assert_allclose(made, expected, rtol=tolerance, atol=tolerance)


GROUPS: dict[str, Any] = {"norm": "group", "groups": 2}


@pytest.mark.parametrize(
    ("build", "section"),
    [
        (generator, GENERATOR | {"blocks": [BLOCK | GROUPS]}),
        (generator, RESNET_GENERATOR | {"projection": {"size": 2, "filters": 3}} | GROUPS),
        (discriminator, {"blocks": [BLOCK | GROUPS]}),
        (discriminator, RESIDUAL | {"stem": {"filters": 3}} | GROUPS),
        (classifier, RESIDUAL | {"stem": {"filters": 3}} | GROUPS),
    ],
)
def test_groups_must_divide_the_channels(build: Any, section: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"got 2 groups of 3 channels; they must divide them"):
        build(**section)


def test_nearest_repeats_pixels_and_then_convolves() -> None:
    network = generator(**GENERATOR | {"blocks": [BLOCK | {"upsample": "nearest", "stride": 3}]})
    x = np.arange(12, dtype=np.float32).reshape(1, 2, 3, 2)
    repeated = np.asarray(network.get_layer("block1_upsample")(x))
    assert np.array_equal(repeated, x.repeat(3, axis=1).repeat(3, axis=2))
    layer = network.get_layer("block1_conv")
    assert type(layer) is keras.layers.Conv2D
    assert layer.output.shape == (None, 6, 6, 3)


def trainable_gradients(network: keras.Model) -> dict[str, float]:
    """The largest gradient in each weight of a loss that looks at every output unequally."""
    randomise(network)
    x = tf.constant(inputs_of(network))
    with tf.GradientTape() as tape:
        outputs = network(x, training=True)
        scale = tf.reshape(tf.cast(tf.range(tf.size(outputs)) % 7 + 1, tf.float32), outputs.shape)
        loss = tf.reduce_sum(tf.square(outputs) * scale)
    gradients = tape.gradient(loss, network.trainable_variables)
    return {
        variable.path: float(tf.reduce_max(tf.abs(gradient)))
        for variable, gradient in zip(network.trainable_variables, gradients, strict=True)
    }


@pytest.mark.parametrize("downsample", ["stride", "max_pool", "average_pool"])
@pytest.mark.parametrize("build", [discriminator, classifier])
def test_residual_networks_that_shrink(build: Any, downsample: str) -> None:
    network = build(**RESIDUAL | {"downsample": downsample, "norm": "layer", "activation": "elu"})
    assert network.get_layer("block1_add").output.shape == (None, 8, 6, 16)
    assert network.get_layer("block2_add").output.shape == (None, 4, 3, 6)
    assert ("block2_conv2_pool" in names(network)) == (downsample != "stride")
    gradients = trainable_gradients(network)
    assert min(gradients.values()) > 1e-6, gradients


@pytest.mark.parametrize("upsample", ["nearest", "transposed"])
def test_residual_networks_that_enlarge(upsample: str) -> None:
    network = generator(
        **RESNET_GENERATOR | {"upsample": upsample, "norm": "layer", "activation": "elu"}
    )
    assert network.get_layer("block1_add").output.shape == (None, 4, 4, 6)
    assert network.get_layer("block2_add").output.shape == (None, 8, 8, 4)
    kinds = {type(layer).__name__ for layer in network.layers}
    assert ("UpSampling2D" in kinds, "Conv2DTranspose" in kinds) == (
        upsample == "nearest",
        upsample == "transposed",
    )
    gradients = trainable_gradients(network)
    assert min(gradients.values()) > 1e-6, gradients


def test_where_a_block_changes_nothing_its_input_is_added_as_it_is() -> None:
    network = discriminator(**RESIDUAL)
    assert "block1_conv1_skip" not in names(network)
    assert "block1_skip" not in names(network)
    assert "block2_skip" in names(network)
    randomise(network)
    second = network.get_layer("block1_conv2")
    second.set_weights([np.zeros_like(weight) for weight in second.get_weights()])
    around = keras.Model(
        network.input,
        [network.get_layer("stem_conv").output, network.get_layer("block1_add").output],
    )
    before, after = around(inputs_of(network), training=False)
    assert np.array_equal(before, after)
    assert float(tf.reduce_max(tf.abs(before))) > 0.1


def kernels(network: keras.Model) -> dict[str, NDArray[Any]]:
    return {
        weight.path: weight.numpy().ravel() for weight in network.weights if "kernel" in weight.path
    }


def test_initial_weights() -> None:
    """Normal with the deviation asked for, and numbers of its own for each layer."""
    keras.utils.set_random_seed(0)
    projection = {"size": 4, "filters": 60}
    drawn = kernels(generator(**GENERATOR | {"projection": projection, "init_stddev": 0.07}))
    assert drawn["projection/kernel"].std() == pytest.approx(0.07, rel=0.05)
    assert drawn["projection/kernel"].mean() == pytest.approx(0, abs=0.005)
    assert np.abs(drawn["projection/kernel"]).max() > 3 * 0.07  # not cut off
    drawn |= kernels(
        discriminator(blocks=[BLOCK | {"filters": 60}], init_stddev=0.03, shape=(8, 8, 3))
    )
    for name in ("block1_conv/kernel", "output/kernel"):
        assert drawn[name].std() == pytest.approx(0.03, rel=0.1)
    firsts = {tuple((kernel[:5] / np.abs(kernel[0])).round(4)) for kernel in drawn.values()}
    assert len(firsts) == len(drawn)


def test_default_initial_weights_are_keras_own() -> None:
    keras.utils.set_random_seed(0)
    kernel = kernels(generator(**GENERATOR))["projection/kernel"]
    limit = np.sqrt(6 / (7 + 24))
    assert np.abs(kernel).max() <= limit
    assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.15)
