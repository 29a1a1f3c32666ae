"""The adversarial losses against their papers' formulas, written out in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from convgan.config.kinds import LOSSES, Loss
from tests.test_contracts import SMALLEST

Array = NDArray[np.float64]

REAL = np.array([[2.5], [-0.7], [0.3], [-3.1], [1.2]])
FAKE = np.array([[-1.9], [0.4], [3.3], [-0.2], [0.9]])


def cross_entropy(logits: Array, label: float) -> float:
    probability = 1 / (1 + np.exp(-logits))
    likelihood = label * np.log(probability) + (1 - label) * np.log(1 - probability)
    return float(-likelihood.mean())


def pairs(winner: Array, loser: Array) -> float:
    return float(-np.log(1 / (1 + np.exp(loser - winner))).mean())


# (d_loss, g_loss), each as its paper writes it.
EXPECTED: dict[str, Callable[[Array, Array], tuple[float, float]]] = {
    "non_saturating": lambda real, fake: (
        cross_entropy(real, 1) + cross_entropy(fake, 0),
        cross_entropy(fake, 1),
    ),
    "least_squares": lambda real, fake: (
        float(0.5 * ((real - 1) ** 2).mean() + 0.5 * (fake**2).mean()),
        float(0.5 * ((fake - 1) ** 2).mean()),
    ),
    "hinge": lambda real, fake: (
        float(-np.minimum(0, real - 1).mean() - np.minimum(0, -fake - 1).mean()),
        float(-fake.mean()),
    ),
    "wasserstein": lambda real, fake: (
        float(-(real.mean() - fake.mean())),
        float(-fake.mean()),
    ),
    "relativistic": lambda real, fake: (pairs(real, fake), pairs(fake, real)),
}


def loss_of(name: str, **settings: float) -> Loss:
    return LOSSES[name].model_validate({"name": name, **settings})


def both(name: str, real: Array, fake: Array) -> tuple[float, float]:
    d_loss, g_loss = loss_of(name)(tf.constant(real, tf.float32), tf.constant(fake, tf.float32))
    return float(d_loss), float(g_loss)


@pytest.mark.parametrize("name", SMALLEST["loss"])
def test_formula(name: str) -> None:
    assert both(name, REAL, FAKE) == pytest.approx(EXPECTED[name](REAL, FAKE), rel=1e-5)


def test_sure_and_wrong_costs_the_logit() -> None:
    d_loss, g_loss = both("non_saturating", np.array([[-100.0]]), np.array([[-100.0]]))
    assert d_loss == pytest.approx(100)
    assert g_loss == pytest.approx(100)
    assert both("relativistic", np.array([[90.0]]), np.array([[-10.0]]))[1] == pytest.approx(100)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.4])
def test_label_smoothing_is_cross_entropy_with_a_smaller_label(smoothing: float) -> None:
    loss = loss_of("non_saturating", label_smoothing=smoothing)
    d_loss, g_loss = loss(tf.constant(REAL, tf.float32), tf.constant(FAKE, tf.float32))
    expected = cross_entropy(REAL, 1 - smoothing) + cross_entropy(FAKE, 0)
    assert float(d_loss) == pytest.approx(expected, rel=1e-5)
    assert float(g_loss) == pytest.approx(cross_entropy(FAKE, 1), rel=1e-5)
