"""What a class does to maps and to a discriminator's logit, beside the same in NumPy."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from convgan.config.kinds import DISCRIMINATORS, GENERATORS
from convgan.models.conditioning import inputs_of

SHAPE = (8, 8, 1)
RNG = np.random.default_rng(0)
Z = RNG.normal(size=(3, 5)).astype(np.float32)
IMAGES = RNG.uniform(-1, 1, (3, *SHAPE)).astype(np.float32)
ONE_HOT = np.eye(4, dtype=np.float32)[[2, 0, 2]]

RESIDUAL = {"filters": 4, "stride": 2}
UPS: dict[str, dict[str, Any]] = {
    "dcgan": {
        "projection": {"size": 4, "filters": 3},
        "blocks": [{"filters": 3, "norm": "batch", "residual_units": 1}],
    },
    "resnet": {"projection": {"size": 4, "filters": 3}, "blocks": [RESIDUAL]},
}
DOWNS: dict[str, dict[str, Any]] = {
    "dcgan": {"blocks": [{"filters": 3, "stride": 2, "residual_units": 2}]},
    "resnet": {"stem": {"filters": 16}, "blocks": [RESIDUAL]},
}


def generator(name: str = "dcgan", num_classes: int = 4, **changes: Any) -> keras.Model:
    section = {"name": name, "latent_dim": 5} | UPS[name] | changes
    return GENERATORS[name].model_validate(section).build(SHAPE, num_classes)


def discriminator(name: str = "dcgan", **changes: Any) -> keras.Model:
    section = {"name": name} | DOWNS[name] | changes
    return DISCRIMINATORS[name].model_validate(section).build(SHAPE, 4)


def randomise(network: keras.Model) -> None:
    rng = np.random.default_rng(5)
    for weight in network.weights:
        values = rng.normal(0, 0.2, weight.shape)
        weight.assign(1 + np.abs(values) if "variance" in weight.path else values)


def value_of(network: keras.Model, layer: str, inputs: list[Any]) -> Any:
    return np.asarray(keras.Model(network.inputs, network.get_layer(layer).output)(inputs))


@pytest.mark.parametrize("modulation", ["none", "latent"])
def test_scale_and_shift_follow_the_condition(modulation: str) -> None:
    network = generator(modulation=modulation)
    randomise(network)
    inputs = [tf.constant(Z), tf.constant(ONE_HOT)]
    condition = ONE_HOT
    if modulation == "latent":
        kernel, bias = network.get_layer("condition").get_weights()
        condition = np.maximum(np.concatenate([Z, ONE_HOT], axis=1) @ kernel + bias, 0)
    gamma, beta = (
        (condition @ network.get_layer(f"block1_{part}").kernel.numpy())[:, None, None]
        for part in ("gamma", "beta")
    )
    normalised = value_of(network, "block1_norm", inputs)
    found = value_of(network, "block1_shifted", inputs)
    np.testing.assert_allclose(found, normalised * (1 + gamma) + beta, rtol=1e-4)
    assert len(network.get_layer("block1_norm").trainable_weights) == 0


def test_the_logit_is_a_projection() -> None:
    network = discriminator()
    randomise(network)
    inputs = [tf.constant(IMAGES), tf.constant(ONE_HOT)]
    features = value_of(network, "flatten", inputs)
    w, b = network.get_layer("output").get_weights()
    embedding = network.get_layer("class_embedding").kernel.numpy()
    seen = features @ network.get_layer("class_features").kernel.numpy()
    term = np.sum((ONE_HOT @ embedding) * seen, axis=1, keepdims=True) / np.sqrt(128)
    np.testing.assert_allclose(network(inputs), features @ w + b + term, rtol=1e-4)


@pytest.mark.parametrize("name", ["dcgan", "resnet"])
def test_at_first_the_class_changes_no_logit_and_no_norm(name: str) -> None:
    other = np.roll(ONE_HOT, 1, axis=1)
    critic = discriminator(name)
    np.testing.assert_array_equal(critic([IMAGES, ONE_HOT]), critic([IMAGES, other]))
    network = generator(name, modulation="latent")
    kernels = [w for w in network.weights if "gamma" in w.path or "beta" in w.path]
    assert kernels
    assert not any(np.any(w) for w in kernels)


@pytest.mark.parametrize("name", ["dcgan", "resnet"])
def test_both_networks_look_at_the_class(name: str) -> None:
    other = np.roll(ONE_HOT, 1, axis=1)
    for network, x in ((generator(name), Z), (discriminator(name), IMAGES)):
        randomise(network)
        difference = np.abs(network([x, ONE_HOT]) - network([x, other]))
        assert difference.reshape(3, -1).max(axis=1).min() > 1e-3


def test_self_modulation_needs_no_classes() -> None:
    network = generator(num_classes=0, modulation="latent")
    assert len(network.inputs) == 1
    assert network.get_layer("block1_gamma").kernel.shape[0] == 32


def test_a_residual_unit_of_a_generator_begins_as_nothing() -> None:
    network = generator()
    inputs = [tf.constant(Z), tf.constant(ONE_HOT)]
    added = value_of(network, "block1_unit1_add", inputs)
    np.testing.assert_array_equal(added, value_of(network, "block1_relu", inputs))


def test_labels_that_are_missing_are_an_error() -> None:
    with pytest.raises(ValueError, match="conditional: expected a label for each"):
        inputs_of(generator(), tf.constant(Z), None)
