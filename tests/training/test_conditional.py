"""The adversarial step of a GAN that is given classes."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from convgan.config.kinds import DISCRIMINATORS, GENERATORS
from convgan.training.gan import GAN
from convgan.training.streams import draw_labels

from .test_one_pass import gradients
from .tiny import SHAPE, TOTAL_STEPS, Array, everything, gan_train, pictures

PICTURES = pictures(8)
FRACTIONS = np.array([0.5, 0.3, 0.2])
UP: dict[str, Any] = {
    "latent_dim": 5, "modulation": "latent", "projection": {"size": 4, "filters": 3},
}  # fmt: skip
DOWN: dict[str, Any] = {"filters": 4, "stride": 2, "residual_units": 1}


def conditional(*, classes: int = 3, block: dict[str, Any] | None = None, **changes: Any) -> GAN:
    keras.utils.set_random_seed(4)
    up = GENERATORS["dcgan"].model_validate(UP)
    down = DISCRIMINATORS["dcgan"].model_validate({"blocks": [DOWN | (block or {})]})
    task = GAN(
        up.build(SHAPE, classes),
        down.build(SHAPE, classes),
        gan_train(**changes),
        total_steps=TOTAL_STEPS,
        ema=up.build(SHAPE, classes),
        class_fractions=FRACTIONS,
        seed=11,
    )
    rng = np.random.default_rng(2)  # else the class has no influence in the first step
    for network in (task.generator, task.discriminator):
        for weight in network.trainable_weights:
            if any(part in weight.path for part in ("gamma", "beta", "embedding")):
                weight.assign(rng.normal(0, 0.5, weight.shape))
    return task


LOSSES = ["non_saturating", "hinge", "least_squares", "wasserstein", "relativistic"]


@pytest.mark.parametrize("block", [{}, {"spectral_norm": True}, {"norm": "instance"}])
@pytest.mark.parametrize("loss", LOSSES)
def test_one_backward_pass_gives_what_two_give(loss: str, block: dict[str, Any]) -> None:
    task = conditional(block=block, loss=loss, penalty={"name": "r1", "weight": 2.0})
    assert task.one_pass
    found, expected = gradients(task, tf.constant(PICTURES.images), tf.constant(PICTURES.labels))
    for found_arrays, expected_arrays in zip(found, expected, strict=True):
        largest = max(float(np.linalg.norm(array)) for array in expected_arrays)
        for a, b in zip(found_arrays, expected_arrays, strict=True):
            assert np.linalg.norm(a - b) <= 1e-5 * np.linalg.norm(b) + 1e-6 * largest


@pytest.mark.parametrize("update", ["alternating", "simultaneous"])
def test_the_labels_of_the_batch_count(update: str) -> None:
    batch, labels = tf.constant(PICTURES.images), tf.constant(PICTURES.labels)
    tasks = [conditional(update=update) for _ in range(3)]
    for task, given in zip(tasks, (labels, labels, (labels + 1) % 3), strict=True):
        task.train_step(batch, given)
    same, again, other = (everything(task) for task in tasks)
    assert all(np.array_equal(a, b) for a, b in zip(same, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(same, other, strict=True))


@pytest.mark.parametrize("name", ["r1", "gradient_penalty"])
def test_a_penalty_has_the_gradient_that_differences_give(name: str) -> None:
    """Of the embedding and of V, which only the class's term has."""
    task = conditional(penalty={"name": name, "weight": 3.0})
    real, fake = (
        tf.constant(np.random.default_rng(s).uniform(-1, 1, (4, *SHAPE)), tf.float32)
        for s in (1, 2)
    )
    labels = tf.constant([0, 2, 1, 2])
    step = tf.constant(0, tf.int64)

    def value() -> tf.Tensor:
        return task._penalty(real, fake, labels, step, True)

    for layer in ("class_embedding", "class_features"):
        kernel = task.discriminator.get_layer(layer).kernel
        with tf.GradientTape() as tape:
            penalty = value()
        found: Array = tape.gradient(penalty, kernel.value).numpy()
        index = np.unravel_index(np.abs(found).argmax(), found.shape)
        start, change = kernel.numpy(), np.zeros(kernel.shape, np.float32)
        change[index] = 1e-2
        kernel.assign(start + change)
        above = float(value())
        kernel.assign(start - change)
        below = float(value())
        kernel.assign(start)
        assert found[index] == pytest.approx((above - below) / 2e-2, rel=1e-2)


def test_samples_have_the_classes_of_the_training_images() -> None:
    labels = draw_labels(FRACTIONS, tf.constant([3, 7], tf.int64), 20_000)
    found = np.bincount(labels, minlength=3) / 20_000
    np.testing.assert_allclose(found, FRACTIONS, atol=0.015)  # four standard errors
    task = conditional()
    drawn = task.draw_labels("samples", 6)
    assert drawn is not None
    np.testing.assert_array_equal(task.sample("samples", 6), task.sample("samples", 6, drawn))


def test_a_class_that_is_never_there_is_never_drawn() -> None:
    labels = draw_labels(np.array([0.0, 1.0]), tf.constant([3, 7], tf.int64), 100)
    assert np.all(labels == 1)
