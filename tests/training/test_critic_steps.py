"""Several steps of the discriminator for each of the generator (Gulrajani et al., algorithm 1)."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from convgan.models.pixels import to_float
from convgan.training.gan import GAN
from convgan.training.streams import stream_seed

from .test_gan import assert_alike, descend, descending, moved, noise, twins
from .tiny import dcgan, gan_train, pictures

TURN = 3
G_RATE, D_RATE, WEIGHT, DECAY = 0.2, 0.05, 10.0, 0.15
RECIPE: dict[str, Any] = {
    "update": "alternating",
    "critic_steps": TURN,
    "loss": "wasserstein",
    "penalty": {"name": "gradient_penalty", "weight": WEIGHT},
    "ema_decay": DECAY,
}


def recipe(**changes: Any) -> GAN:
    train = gan_train(**(RECIPE | changes))
    return dcgan(train, generator_norm="none", seed=21, total_steps=4 * TURN)


def gradient_penalty(discriminator: keras.Model, real: Any, fake: Any, step: int) -> tf.Tensor:
    weight = tf.random.stateless_uniform([len(real), 1, 1, 1], stream_seed(21, "penalty", step))
    points = weight * real + (1 - weight) * fake
    with tf.GradientTape() as tape:
        tape.watch(points)
        logits = discriminator(points, training=True)
    norms = tf.norm(tf.reshape(tape.gradient(logits, points), [len(real), -1]), axis=1)
    return tf.reduce_mean((norms - 1) ** 2)


def test_two_turns_by_hand() -> None:
    """D each step on a batch of its own; G, and the average with it, at the end of each turn."""
    task = descending(recipe(), G_RATE, D_RATE)
    generator, discriminator = twins(task)
    average = generator.get_weights()
    compiled = tf.function(task.train_step)
    for step in range(2 * TURN):
        images = tf.constant(pictures(6, seed=step).images)
        real = to_float(images)
        before = task.generator.get_weights()
        with tf.GradientTape() as tape:
            fake = generator(noise("d_noise", step), training=True)
            fake_logits = discriminator(fake, training=True)
            d_loss = tf.reduce_mean(fake_logits) - tf.reduce_mean(
                discriminator(real, training=True)
            )
            penalty = gradient_penalty(discriminator, real, fake, step)
            total = d_loss + WEIGHT * penalty
        descend(discriminator, tape, total, D_RATE)
        logs = {name: float(value) for name, value in compiled(images).items()}
        assert logs["d_loss"] == pytest.approx(float(d_loss), rel=1e-4, abs=1e-5)
        assert logs["penalty"] == pytest.approx(WEIGHT * float(penalty), rel=1e-4)
        assert_alike(task.discriminator, discriminator)

        if step % TURN < TURN - 1:
            assert not any(moved(task.generator, before))
            assert logs["g_grad_norm"] == 0
        else:
            with tf.GradientTape(persistent=True) as tape:
                made = generator(noise("g_noise", step), training=True)
                g_loss = -tf.reduce_mean(discriminator(made, training=True))
            gradients = tape.gradient(g_loss, generator.trainable_variables)
            norm = float(tf.linalg.global_norm(gradients))
            descend(generator, tape, g_loss, G_RATE)
            assert_alike(task.generator, generator)
            assert logs["g_loss"] == pytest.approx(float(g_loss), rel=1e-4)
            # Over the steps of a turn, its mean is that of the one update.
            assert logs["g_grad_norm"] == pytest.approx(TURN * norm, rel=1e-3)
            updates = step // TURN
            kept = min(DECAY, (1 + updates) / (10 + updates))
            now = generator.get_weights()
            average = [kept * a + (1 - kept) * b for a, b in zip(average, now, strict=True)]
        assert task.ema is not None
        for found, expected in zip(task.ema.get_weights(), average, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert int(task.generator_optimizer.iterations) == 2
    assert int(task.discriminator_optimizer.iterations) == 2 * TURN


@pytest.mark.parametrize("turn", [1, TURN])
def test_learning_rates_follow_the_schedule(turn: int) -> None:
    """The generator's over its own steps, so that both have fallen as far at the end."""
    task = recipe(critic_steps=turn, schedule="linear", penalty=None)
    compiled = tf.function(task.train_step)
    images = tf.constant(pictures(2).images)
    for step in range(4 * TURN):
        logs = compiled(images)
        d_rate, g_rate = (float(logs[f"{name}_learning_rate"]) for name in "dg")
        assert d_rate == pytest.approx(0.01 * (1 - step / (4 * TURN)), rel=1e-4)
        assert g_rate == pytest.approx(0.01 * (1 - step // turn * turn / (4 * TURN)), rel=1e-4)


def test_they_are_for_alternating_updates() -> None:
    with pytest.raises(ValueError, match="critic_steps 3 goes with update 'alternating' only"):
        gan_train(critic_steps=3, update="simultaneous")
