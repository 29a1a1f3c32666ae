"""One backward pass through the discriminator gives the gradients that two give."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from convgan.config import GanTrainConfig
from convgan.config.kinds import LOSSES
from convgan.training.gan import GAN
from convgan.training.one_pass import SMALLEST as SMALLEST_SLOPE
from convgan.training.one_pass import logit_gradients
from tests.test_contracts import SMALLEST

from .tiny import Array, dcgan, everything, gan_train, pictures, start_again

BATCH = tf.constant(pictures(6).images)

# Loss, by how much the logits are spread, and what the first generated image's logit is.
LOGITS = [
    *[("non_saturating", 3.0, logit) for logit in (0.0, 5.0, -30.0, -90.0, -200.0)],
    ("least_squares", 3.0, 0.0),  # D's slope at that image is exactly 0
    ("least_squares", 3.0, 2.0),
    *[("hinge", 3.0, logit) for logit in (0.0, 9.0, -9.0)],  # both margins kept, or one
    ("wasserstein", 3.0, -90.0),
    ("relativistic", 3.0, 0.0),
    ("relativistic", 1000.0, 0.0),
]
NETWORKS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "dropout": ({}, {"dropout": 0.4}),
    "spectral norm": ({}, {"spectral_norm": True}),
    "group norm": ({}, {"norm": "group", "groups": 2}),
    "padding": ({}, {"padding": 1}),
    "pooling": ({}, {"downsample": "average_pool"}),
    "norm in the generator": ({}, {"generator_norm": "batch"}),
    "r1": ({"penalty": {"name": "r1", "weight": 2.0}}, {}),
    "gradient penalty": ({"penalty": {"name": "gradient_penalty", "weight": 3.0}}, {}),
    "augmentation": ({"augment": {"probability": 0.8}}, {}),
    "augmentation and r1": (
        {"augment": {"probability": 0.8}, "penalty": {"name": "r1", "weight": 2.0}},
        {},
    ),
    "smoothing": ({"loss": {"name": "non_saturating", "label_smoothing": 0.1}}, {}),
}


class Recorder:
    """Takes the gradients that an optimizer would be given."""

    learning_rate = 0.0
    variables: tuple[Any, ...] = ()

    def apply(self, gradients: list[tf.Tensor], variables: list[Any]) -> None:
        assert len(gradients) == len(variables)
        self.gradients: list[Array] = [gradient.numpy() for gradient in gradients]


@pytest.fixture
def tolerance(precision: str) -> tuple[float, float]:
    """For D's and for G's gradients, of each array's norm.

    bfloat16 has 8 bits: numbers that are scaled before or after a layer are rounded otherwise.
    """
    return (1e-5, 1e-5) if precision == "float32" else (1e-5, 8e-2)


def gradients(
    task: GAN, batch: tf.Tensor = BATCH, labels: tf.Tensor | None = None
) -> list[tuple[list[Array], list[Array]]]:
    """Those of D and of G that the next step computes, in one pass and in two."""
    recorders = Recorder(), Recorder()
    task.discriminator_optimizer, task.generator_optimizer = recorders
    start, found = everything(task), []
    for one_pass in (True, False):
        start_again(task, start)  # seeds, statistics, power iterations
        task.one_pass = one_pass
        task.train_step(batch, labels)
        found.append((recorders[0].gradients, recorders[1].gradients))
    return found


def gan(train: GanTrainConfig, *, spread: float = 3.0, first: float = -2.0, **networks: Any) -> GAN:
    """Its logits are spread so much, and the first generated image's is `first`."""
    task = dcgan(train, **({"generator_norm": "none"} | networks))
    output = task.discriminator.layers[-2]
    getattr(output, "layer", output).kernel.assign_add(output.weights[0] * (spread - 1))
    fake = task.generator(task.noise("d_noise", 0, len(BATCH)), training=True)
    logit = task.discriminator(fake, training=False)[0, 0]
    output.bias.assign_add([first - logit])
    return task


def assert_one_pass_is_two(tolerance: tuple[float, float], task: GAN) -> None:
    assert task.one_pass
    found, expected = gradients(task)
    for network, found_arrays, expected_arrays in zip("DG", found, expected, strict=True):
        limit = tolerance["DG".index(network)]
        largest = max(float(np.linalg.norm(array)) for array in expected_arrays)
        for a, b in zip(found_arrays, expected_arrays, strict=True):
            assert np.isfinite(a).all()
            # What `SMALLEST_SLOPE` adds to D's counts where its own gradient is 0.
            allowed = limit * np.linalg.norm(b) + 1e-7 * largest + 1e-10
            assert np.linalg.norm(a - b) <= allowed, network
    assert max(float(np.abs(array).max()) for array in found[1]) > 1e-6  # G has something to learn


@pytest.mark.parametrize(("loss", "spread", "first"), LOGITS)
def test_every_loss_at_every_logit(
    loss: str, spread: float, first: float, tolerance: tuple[float, float]
) -> None:
    assert_one_pass_is_two(tolerance, gan(gan_train(loss=loss), spread=spread, first=first))


@pytest.mark.parametrize("case", NETWORKS)
def test_networks_and_what_is_added_to_the_loss(case: str, tolerance: tuple[float, float]) -> None:
    changes, networks = NETWORKS[case]
    assert_one_pass_is_two(tolerance, gan(gan_train(**changes), **networks))


@pytest.mark.parametrize("name", SMALLEST["discriminator"])
def test_a_discriminator_has_one_pass_only_where_it_gives_what_two_give(
    name: str, tolerance: tuple[float, float]
) -> None:
    task = dcgan(gan_train(), generator_norm="none", name=name)
    if task.one_pass:
        assert_one_pass_is_two(tolerance, task)


@pytest.mark.parametrize("name", SMALLEST["generator"])
def test_one_pass_serves_every_generator(name: str) -> None:
    assert_one_pass_is_two((1e-5, 1e-5), dcgan(gan_train(), generator=name))


@pytest.mark.parametrize("name", SMALLEST["loss"])
def test_ratio_of_the_slopes(name: str) -> None:
    """At any logit the ratio times D's slope is G's, and D's is off by next to nothing."""
    loss = LOSSES[name].model_validate({"name": name})
    fake = tf.constant([[-200.0], [-90.0], [-3.0], [-1.0], [0.0], [1.0], [5.0], [90.0]])
    real = tf.reverse(fake, [0]) * 0.7
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([real, fake])
        d_loss, g_loss = loss(real, fake)
    d_real, d_fake, ratio = logit_gradients(loss, real, fake)
    np.testing.assert_allclose(d_real, tape.gradient(d_loss, real), rtol=1e-6)
    np.testing.assert_allclose(d_fake, tape.gradient(d_loss, fake), atol=1.01 * SMALLEST_SLOPE / 8)
    np.testing.assert_allclose(d_fake * ratio, tape.gradient(g_loss, fake), rtol=1e-5, atol=1e-30)
    assert np.isfinite(ratio).all()


@pytest.mark.parametrize("networks", [{"norm": "batch"}, {"name": "resnet", "norm": "batch"}])
def test_two_passes_where_one_would_be_wrong(networks: dict[str, Any]) -> None:
    assert not dcgan(gan_train(), **networks).one_pass


def test_a_layer_that_is_not_known_has_two_passes() -> None:
    class Centred(keras.layers.Layer):
        def call(self, images: tf.Tensor) -> tf.Tensor:
            return images - tf.reduce_mean(images, axis=0)

    task = dcgan(gan_train())
    images = keras.layers.Input((8, 8, 1))
    logits = keras.layers.Dense(1)(keras.layers.Flatten()(Centred()(images)))
    discriminator = keras.Model(images, logits)
    assert not GAN(task.generator, discriminator, gan_train(), total_steps=2).one_pass
