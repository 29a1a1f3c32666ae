"""Gradient penalties against closed forms on critics whose gradients are known."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from convgan.config.kinds import PENALTIES, Penalty
from tests.test_contracts import SMALLEST


def penalty_of(name: str) -> Penalty:
    return PENALTIES[name].model_validate({"name": name, "weight": 7.0})  # not in its value


r1, gradient_penalty = penalty_of("r1"), penalty_of("gradient_penalty")
SEED = tf.constant([3, 7], tf.int64)
SHAPE = (3, 4, 2, 1)  # asymmetric, so that a mean over a wrong axis shows


def some(seed: int, shape: tuple[int, ...] = SHAPE) -> tf.Tensor:
    return tf.constant(np.random.default_rng(seed).normal(0.3, 1, shape), tf.float32)


def linear(w: tf.Tensor) -> tf.Tensor:
    """A critic w·x with the gradient w everywhere."""
    return lambda x: tf.reduce_sum(x * w, axis=[1, 2, 3], keepdims=True)[:, 0, 0]


def quadratic(w: tf.Tensor) -> tf.Tensor:
    """A critic ½ Σ w x² with the gradient w·x."""
    return lambda x: 0.5 * tf.reduce_sum(w * x**2, axis=[1, 2, 3], keepdims=True)[:, 0, 0]


def test_linear_critic() -> None:
    w = some(0, SHAPE[1:])
    norm = np.sqrt(np.sum(w.numpy() ** 2))
    real, fake = some(1), some(2)
    assert float(r1(linear(w), real, fake, SEED)) == pytest.approx(0.5 * norm**2, rel=1e-5)
    value = float(gradient_penalty(linear(w), real, fake, SEED))
    assert value == pytest.approx((norm - 1) ** 2, rel=1e-5)


def test_r1_of_a_quadratic_critic_looks_at_real_pictures_only() -> None:
    w, real = some(0, SHAPE[1:]), some(1)
    expected = 0.5 * np.mean(np.sum((w.numpy() * real.numpy()) ** 2, axis=(1, 2, 3)))
    for fake in (some(2), some(3)):
        assert float(r1(quadratic(w), real, fake, SEED)) == pytest.approx(expected, rel=1e-5)


def test_gradient_penalty_of_a_quadratic_critic_looks_between() -> None:
    """Each picture has its own point on the line from its real to its generated picture."""
    w, real, fake = some(0, SHAPE[1:]), some(1), some(2)
    seen: list[tf.Tensor] = []

    def critic(x: tf.Tensor) -> tf.Tensor:
        seen.append(x)
        return quadratic(w)(x)

    value = float(gradient_penalty(critic, real, fake, SEED))
    points, a, b = seen[0].numpy(), real.numpy(), fake.numpy()
    fractions = (points - b) / (a - b)
    assert np.ptp(fractions, axis=(1, 2, 3)) == pytest.approx(0, abs=1e-4)
    fractions = fractions.mean(axis=(1, 2, 3))
    assert (fractions > 0).all()
    assert (fractions < 1).all()
    assert len(set(fractions.round(3).tolist())) == len(fractions)
    norms = np.sqrt(np.sum((w.numpy() * points) ** 2, axis=(1, 2, 3)))
    assert value == pytest.approx(np.mean((norms - 1) ** 2), rel=1e-5)

    assert float(gradient_penalty(quadratic(w), real, fake, SEED)) == value
    other = tf.constant([3, 8], tf.int64)
    assert float(gradient_penalty(quadratic(w), real, fake, other)) != value


def test_gradient_for_the_critics_weights() -> None:
    """The second order: d/dw of ½ mean Σ (w x)² is w mean x²; of (|w| - 1)², 2 (1 - 1/|w|) w."""
    real, fake = some(1), some(2)
    w = tf.Variable(some(0, SHAPE[1:]))
    with tf.GradientTape() as tape:
        value = r1(quadratic(w), real, fake, SEED)
    expected = w.numpy() * np.mean(real.numpy() ** 2, axis=0)
    np.testing.assert_allclose(tape.gradient(value, w), expected, rtol=1e-5)

    with tf.GradientTape() as tape:
        value = gradient_penalty(linear(w), real, fake, SEED)
    norm = np.sqrt(np.sum(w.numpy() ** 2))
    np.testing.assert_allclose(tape.gradient(value, w), 2 * (1 - 1 / norm) * w.numpy(), rtol=1e-4)


@pytest.mark.parametrize("name", SMALLEST["penalty"])
def test_a_dead_critic_gives_no_nan(name: str) -> None:
    """Its gradient is 0 everywhere, where a norm has no derivative."""
    w = tf.Variable(tf.zeros(SHAPE[1:]))
    with tf.GradientTape() as tape:
        value = penalty_of(name)(linear(w), some(1), some(2), SEED)
    assert np.isfinite(value)
    assert np.array_equal(tape.gradient(value, w), np.zeros(w.shape))
