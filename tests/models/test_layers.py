"""Normalisations with an exact second derivative, and the reparametrisation by the spectral norm.

Central differences are the judge. The power of that check is shown on Keras's own layers, which
fail it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from convgan.config.kinds import PENALTIES, Penalty
from convgan.config.training import GanTrainConfig
from convgan.models import layers as exact
from convgan.models.layers import BatchNorm, GroupNorm, SpectralNorm, update_spectral_norms
from convgan.training.gan import GAN
from tests.test_contracts import SMALLEST

from .small import SHAPE, discriminator, generator, inputs_of, randomise

SEED = tf.constant([3, 7], tf.int64)
STEP = 1e-2
IMAGES = (2, 3, 4, 2)  # few: the larger is what Keras leaves out


def smooth_discriminator(norm: str, *, spectral_norm: bool) -> keras.Model:
    """A small one whose logits have derivatives of every order, a nonlinearity before the norm."""
    block = {
        "filters": 2,
        "kernel": 2,
        "stride": 2,
        "norm": norm,
        "groups": 1,
        "norm_position": "before_activation",
        "activation": "tanh",
        "spectral_norm": spectral_norm,
    }
    network = discriminator(
        shape=IMAGES[1:],
        blocks=[block],
        output_spectral_norm=spectral_norm,
    )
    randomise(network)
    if spectral_norm:
        for _ in range(3):
            update_spectral_norms(network)
    return network


def penalty_gradients(
    network: keras.Model, penalty: Penalty
) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    """The penalty's gradients for all trainable weights: by the tape, and by differences."""
    rng = np.random.default_rng(5)
    real, fake = (tf.constant(rng.normal(size=IMAGES), tf.float32) for _ in range(2))
    variables = network.trainable_variables

    def value() -> tf.Tensor:
        return penalty(lambda images: network(images, training=True), real, fake, SEED)

    @tf.function
    def gradients() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            term = value()
        watched = [variable.value for variable in variables]
        made: list[tf.Tensor] = tape.gradient(
            term, watched, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        return made

    shapes = [variable.shape for variable in variables]
    counts = [int(np.prod(shape)) for shape in shapes]
    start = tf.concat([tf.reshape(variable.value, [-1]) for variable in variables], 0)

    def moved(change: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        index, distance = change
        point = start + distance * tf.one_hot(index, sum(counts))
        for variable, part, shape in zip(variables, tf.split(point, counts), shapes, strict=True):
            variable.value.assign(tf.reshape(part, shape))
        return value()

    @tf.function
    def values(indices: tf.Tensor, distances: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(moved, (indices, distances), tf.float32, parallel_iterations=1)

    made = gradients()
    indices, distances = np.meshgrid(np.arange(sum(counts)), [-2 * STEP, -STEP, STEP, 2 * STEP])
    a, b, c, d = values(
        tf.constant(indices.ravel()), tf.constant(distances.ravel(), tf.float32)
    ).numpy().reshape(4, -1)  # fmt: skip
    slopes = (4 * (c - b) / (2 * STEP) - (d - a) / (4 * STEP)) / 3  # no third derivative in it
    expected = np.split(slopes, np.cumsum(counts)[:-1])
    return [each.numpy().ravel() for each in made], expected


def error(network: keras.Model, penalty: Penalty) -> float:
    """The largest difference from central differences, of the largest entry of all."""
    made, expected = penalty_gradients(network, penalty)
    largest = max(float(np.abs(each).max()) for each in expected)
    assert largest > 1e-3
    errors = [float(np.abs(a - b).max()) for a, b in zip(made, expected, strict=True)]
    return max(errors) / largest


@pytest.mark.parametrize(
    ("norm", "spectral_norm"),
    [
        *((norm, False) for norm in ("none", "batch", "instance", "group", "layer")),
        *((norm, True) for norm in ("none", "batch")),
    ],
)
@pytest.mark.parametrize("name", SMALLEST["penalty"])
def test_a_penaltys_gradient_is_exact(name: str, norm: str, spectral_norm: bool) -> None:
    network = smooth_discriminator(norm, spectral_norm=spectral_norm)
    assert error(network, PENALTIES[name].model_validate({"name": name, "weight": 1})) < 5e-4


@pytest.mark.parametrize("norm", ["batch", "group"])
def test_keras_own_normalisations_fail_this(norm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "BatchNorm", keras.layers.BatchNormalization)
    monkeypatch.setattr(exact, "GroupNorm", keras.layers.GroupNormalization)
    network = smooth_discriminator(norm, spectral_norm=False)
    assert error(network, PENALTIES["r1"].model_validate({"name": "r1", "weight": 1})) > 0.01


@pytest.mark.parametrize(
    ("make", "keras_layer"),
    [
        (BatchNorm, keras.layers.BatchNormalization),
        (lambda: GroupNorm(3), lambda: keras.layers.GroupNormalization(3)),
        (lambda: GroupNorm(6), lambda: keras.layers.GroupNormalization(6)),
        (lambda: GroupNorm(1), lambda: keras.layers.GroupNormalization(1)),
    ],
)
@pytest.mark.parametrize("training", [False, True])
def test_the_function_is_keras_own(
    make: Callable[[], Any], keras_layer: Callable[[], Any], training: bool, precision: str
) -> None:
    """Moving statistics and first derivatives included."""
    x = tf.constant(np.random.default_rng(0).normal(1, 2, (5, 4, 3, 6)), tf.float32)
    results = []
    for layer in (make(), keras_layer()):
        layer.build(x.shape)
        layer.set_weights(
            [0.5 + np.abs(np.sin(np.arange(6) + n)) for n in range(len(layer.weights))]
        )
        with tf.GradientTape() as tape:
            tape.watch(x)
            made = layer(x, training=training)
            loss = tf.reduce_sum(tf.cast(made, tf.float32) ** 3)
        gradients = tape.gradient(loss, [x, *layer.trainable_variables])
        results.append([made, *gradients, *layer.get_weights()])
    tolerance = 1e-3 if precision == "float32" else 0.1
    for ours, theirs in zip(*results, strict=True):
        expected = np.asarray(theirs, np.float32)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(np.asarray(ours, np.float32), expected, atol=tolerance * scale)


def conv(*, use_bias: bool = True) -> SpectralNorm:
    """A wrapped convolution of 3×2 kernels, 2 to 5 channels, with weights of its own."""
    inner = keras.layers.Conv2D(5, (3, 2), strides=2, padding="same", use_bias=False, name="conv")
    layer = SpectralNorm(inner, use_bias=use_bias, name="sn")
    layer.build((None, 6, 5, 2))
    rng = np.random.default_rng(2)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.weights])
    return layer


def matrix(layer: SpectralNorm) -> NDArray[Any]:
    """The kernel of what is applied: a row per input of the window, a column per output."""
    _, (kernel, *_) = layer.as_keras()
    return kernel.reshape(-1, kernel.shape[-1])


def test_the_largest_singular_value_becomes_1() -> None:
    layer = conv()
    before = np.linalg.svd(matrix(layer), compute_uv=False)[0]
    assert abs(before - 1) > 0.05
    for _ in range(60):
        layer.power_iteration()
    assert np.linalg.svd(matrix(layer), compute_uv=False)[0] == pytest.approx(1, abs=1e-4)
    kernel = layer.layer.kernel.numpy().reshape(-1, 5)
    assert float(layer.sigma()) == pytest.approx(np.linalg.norm(kernel, ord=2), rel=1e-4)


def test_one_power_iteration_is_miyatos() -> None:
    layer = conv()
    w, u = layer.layer.kernel.numpy().reshape(-1, 5), layer.u.numpy()
    v = w @ u
    v /= np.linalg.norm(v)
    u = w.T @ v
    u /= np.linalg.norm(u)
    layer.power_iteration()
    np.testing.assert_allclose(layer.u.numpy(), u, rtol=1e-4, atol=1e-6)
    assert float(layer.sigma()) == pytest.approx(np.linalg.norm(w @ u), rel=1e-5)


@pytest.mark.parametrize("use_bias", [False, True])
def test_spectral_norm_as_keras_has_it(use_bias: bool) -> None:
    layer = conv(use_bias=use_bias)
    x = tf.constant(np.random.default_rng(1).normal(size=(3, 6, 5, 2)), tf.float32)
    plain, weights = layer.as_keras()
    plain.build((None, 6, 5, 2))
    plain.set_weights(weights)
    assert type(plain) is keras.layers.Conv2D
    np.testing.assert_allclose(plain(x), layer(x), rtol=1e-4, atol=1e-5)
    assert layer.compute_output_shape(x.shape) == tuple(layer(x).shape) == (3, 3, 3, 5)


def test_the_gradient_goes_through_sigma_and_not_through_u() -> None:
    """Against central differences with u fixed; without σ's part it would be another."""
    layer = conv()
    x = tf.constant(np.random.default_rng(1).normal(size=(3, 6, 5, 2)), tf.float32)
    kernel, sigma = layer.layer.kernel, float(layer.sigma())

    def value() -> tf.Tensor:
        return tf.reduce_mean(tf.square(layer(x, training=True)))

    with tf.GradientTape() as tape:
        loss = value()
    gradient = tape.gradient(loss, kernel.value).numpy()
    expected = np.empty_like(gradient)
    start = kernel.numpy()
    for index in np.ndindex(*start.shape):
        sides = []
        for change in (STEP, -STEP):
            moved = start.copy()
            moved[index] += change
            kernel.assign(moved)
            sides.append(float(value()))
        expected[index] = (sides[0] - sides[1]) / (2 * STEP)
    kernel.assign(start)
    np.testing.assert_allclose(gradient, expected, atol=2e-3 * np.abs(expected).max())
    with tf.GradientTape() as tape:  # as Keras's own: the division is none of the function
        loss = tf.reduce_mean(tf.square(layer.layer(x) / sigma + layer.bias))
    without = tape.gradient(loss, kernel.value).numpy()
    assert np.abs(without - expected).max() > 0.1 * np.abs(expected).max()


def normalised_discriminator(**section: Any) -> keras.Model:
    return discriminator(
        blocks=[{"filters": 3, "stride": 2, "spectral_norm": True, "activation": "tanh"}],
        output_spectral_norm=True,
        **section,
    )


def test_u_changes_in_the_power_iteration_only() -> None:
    network = normalised_discriminator()
    layers = [layer for layer in network.layers if isinstance(layer, SpectralNorm)]
    before = [layer.u.numpy() for layer in layers]
    assert len(before) == 2
    for training in (False, True):
        network(inputs_of(network), training=training)
    assert all(np.array_equal(layer.u, u) for layer, u in zip(layers, before, strict=True))
    assert not {id(layer.u) for layer in layers} & {id(v) for v in network.trainable_variables}
    update_spectral_norms(network)
    assert not any(np.array_equal(layer.u, u) for layer, u in zip(layers, before, strict=True))


@pytest.mark.parametrize("update", ["alternating", "simultaneous"])
def test_a_training_step_makes_one_power_iteration(update: str) -> None:
    """Whatever the number of times that it looks at the discriminator, penalty included."""
    adam = {"name": "adam", "learning_rate": 1e-3}
    train = GanTrainConfig.model_validate(
        {
            "epochs": 1,
            "batch_size": 4,
            "update": update,
            "loss": "relativistic",
            "penalty": {"name": "r1", "weight": 1},
            "generator_optimizer": adam,
            "discriminator_optimizer": adam,
        }
    )
    network = normalised_discriminator(shape=(8, 8, 1))
    twin = normalised_discriminator(shape=(8, 8, 1))
    twin.set_weights(network.get_weights())
    update_spectral_norms(twin)
    maker = generator(
        shape=(8, 8, 1), latent_dim=3, projection={"size": 4, "filters": 2}, output={"kernel": 3}
    )
    task = GAN(maker, network, train, total_steps=9)
    images = tf.constant(np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1)), tf.uint8)
    tf.function(task.train_step)(images)
    for layer, expected in zip(network.layers, twin.layers, strict=True):
        if isinstance(layer, SpectralNorm):
            np.testing.assert_allclose(layer.u, expected.u, rtol=1e-5)


def test_r1_of_a_spectrally_normalised_linear_discriminator() -> None:
    """Its gradient is w / |w| everywhere, of norm 1 whatever w is: R1 is a half, its slope 0."""
    images = keras.layers.Input(SHAPE, name="images")
    dense = SpectralNorm(keras.layers.Dense(1, use_bias=False), use_bias=True, name="output_sn")
    network = keras.Model(images, dense(keras.layers.Flatten()(images)))
    randomise(network)
    update_spectral_norms(network)
    penalty = PENALTIES["r1"].model_validate({"name": "r1", "weight": 1})
    x = tf.constant(inputs_of(network))
    with tf.GradientTape() as tape:
        value = penalty(lambda images: network(images, training=True), x, x, SEED)
    assert float(value) == pytest.approx(0.5, rel=1e-5)
    assert np.abs(tape.gradient(value, dense.layer.kernel.value)).max() < 1e-6
