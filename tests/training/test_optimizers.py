"""Learning rates over a training, and optimizers that are whole before a resume."""

from __future__ import annotations

from math import cos, pi

import keras
import numpy as np
import pytest
import tensorflow as tf
from pydantic import TypeAdapter

from convgan.config import Adam, Optimizer, RMSprop, Schedule
from convgan.training.muon import Muon, orthogonal
from convgan.training.optimizers import build_optimizer

from .tiny import classifier, classifier_spec, dcgan, gan_train

PEAK, STEPS = 0.02, 200
NETWORK = classifier_spec().build()


def rates(schedule: Schedule, steps: int = STEPS) -> list[float]:
    """The rate of each step, and the one after the last."""
    optimizer = build_optimizer(Adam(name="adam", learning_rate=PEAK), schedule, steps, NETWORK)
    found = []
    for step in range(steps + 1):
        optimizer.iterations.assign(step)
        found.append(float(optimizer.learning_rate))
    return found


def test_constant() -> None:
    assert rates("constant") == pytest.approx([PEAK] * (STEPS + 1))


def test_cosine() -> None:
    expected = [PEAK * (1 + cos(pi * step / STEPS)) / 2 for step in range(STEPS + 1)]
    assert rates("cosine") == pytest.approx(expected, abs=1e-7)


def test_linear() -> None:
    expected = [PEAK * (1 - step / STEPS) for step in range(STEPS + 1)]
    assert rates("linear") == pytest.approx(expected, abs=1e-7)


def test_one_cycle_rises_for_three_tenths_and_falls_to_nothing() -> None:
    found = rates("one_cycle")
    assert found[0] == pytest.approx(PEAK / 25)
    assert int(np.argmax(found)) == 60
    assert found[60] == pytest.approx(PEAK)
    assert found[30] == pytest.approx(PEAK * (1 / 25 + 1) / 2)  # rises in a straight line
    assert found[130] == pytest.approx(PEAK / 2, rel=1e-3)  # falls as half a cosine
    assert found[-1] == pytest.approx(0, abs=1e-8)
    assert all(np.diff(found[:61]) > 0)
    assert all(np.diff(found[60:]) < 0)
    assert found[-2] > 0  # the last step still moves


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
@pytest.mark.parametrize("schedule", ["constant", "cosine", "linear", "one_cycle"])
def test_the_shortest_trainings_have_finite_rates(schedule: Schedule, steps: int) -> None:
    found = rates(schedule, steps)
    assert np.isfinite(found).all()
    assert found[0] > 0
    assert max(found) <= PEAK * (1 + 1e-6)


def test_numbers_of_the_configuration_arrive() -> None:
    adam = build_optimizer(
        Adam(name="adam", learning_rate=0.3, beta_1=0.5, beta_2=0.9), "linear", 9, NETWORK
    )
    assert isinstance(adam, keras.optimizers.Adam)
    assert (adam.beta_1, adam.beta_2) == (0.5, 0.9)
    rms = build_optimizer(
        RMSprop(name="rmsprop", learning_rate=0.3, rho=0.7), "constant", 9, NETWORK
    )
    assert isinstance(rms, keras.optimizers.RMSprop)
    assert rms.rho == 0.7
    assert float(rms.learning_rate) == pytest.approx(0.3)


def test_moments_are_there_before_the_first_step() -> None:
    """A state restored into an optimizer without them would be lost in silence."""
    gan, task = dcgan(gan_train()), classifier()
    for optimizer, network in (
        (gan.generator_optimizer, gan.generator),
        (gan.discriminator_optimizer, gan.discriminator),
        (task.optimizer, task.network),
    ):
        shapes = sorted(tuple(v.shape) for v in optimizer.variables if "iteration" not in v.path)
        weights = sorted(2 * [tuple(v.shape) for v in network.trainable_variables])
        assert [shape for shape in shapes if shape] == weights


def steps_of(settings: dict[str, object], gradients: list[float]) -> list[float]:
    """A kernel of [1, -2] and a bias of 3 after steps with these gradients for each of them."""
    keras.utils.set_random_seed(0)
    network = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    network.set_weights([np.array([[1.0], [-2.0]]), np.array([3.0])])
    optimizer = build_optimizer(
        TypeAdapter(Optimizer).validate_python(settings), "constant", 9, network
    )
    for gradient in gradients:
        values = [np.full((2, 1), gradient, np.float32), np.full(1, gradient, np.float32)]
        optimizer.apply([tf.constant(value) for value in values], network.trainable_variables)
    kernel, bias = network.get_weights()
    return [*kernel[:, 0].tolist(), *bias.tolist()]


@pytest.mark.parametrize("decay", [0.0, 0.2])
@pytest.mark.parametrize("nesterov", [True, False])
def test_sgd(nesterov: bool, decay: float) -> None:
    settings = {"name": "sgd", "learning_rate": 0.1, "momentum": 0.8, "nesterov": nesterov}
    found = steps_of(settings | {"weight_decay": decay}, [1.0, -0.5, 2.0])
    expected = np.array([1.0, -2.0, 3.0])
    velocity = 0.0
    for gradient in [1.0, -0.5, 2.0]:
        expected[:2] *= 1 - 0.1 * decay  # not the bias
        velocity = 0.8 * velocity - 0.1 * gradient
        expected += 0.8 * velocity - 0.1 * gradient if nesterov else velocity
    assert found == pytest.approx(expected.tolist(), rel=1e-5)


def test_adamw_is_adam_whose_kernels_shrink() -> None:
    rate: dict[str, object] = {"learning_rate": 0.1, "beta_1": 0.7, "beta_2": 0.8}
    plain = steps_of(rate | {"name": "adam"}, [1.0])
    decayed = steps_of(rate | {"name": "adamw", "weight_decay": 0.3}, [1.0])
    shrunk = [plain[0] - 0.03 * 1.0, plain[1] + 0.03 * 2.0, plain[2]]
    assert decayed == pytest.approx(shrunk, rel=1e-5)


def test_muon_turns_a_gradient_into_one_of_equal_singular_values() -> None:
    random = np.random.default_rng(3)
    for shape in ((36, 7), (9, 24), (5, 5)):
        gradient = random.normal(size=shape) * np.geomspace(0.1, 10, shape[1])
        made = orthogonal(tf.constant(gradient, tf.float32)).numpy()
        left, _, right = np.linalg.svd(gradient, full_matrices=False)
        assert np.linalg.svd(left.T @ made @ right.T)[1] == pytest.approx(1, abs=0.35)
        off = left.T @ made @ right.T
        assert np.abs(off - np.diag(np.diag(off))).max() < 1e-3  # in the gradient's own directions


def test_muon_moves_kernels_by_their_momentum_and_the_rest_as_adam() -> None:
    kernel = keras.Variable(np.ones((3, 3, 2, 4), np.float32), name="kernel")
    bias = keras.Variable(np.zeros(4, np.float32), name="bias")
    muon = Muon(0.1, momentum=0.5, adam_rate=0.2)
    muon.build([kernel, bias])
    random = np.random.default_rng(4)
    gradients = [random.normal(size=(3, 3, 2, 4)).astype(np.float32) for _ in range(2)]
    moment, expected = np.zeros((3, 3, 2, 4)), np.ones((18, 4))
    for gradient in gradients:
        moment = 0.5 * moment + gradient
        matrix = tf.constant((gradient + 0.5 * moment).reshape(18, 4), tf.float32)
        expected = expected - 0.1 * orthogonal(matrix).numpy()
        muon.apply([tf.constant(gradient), tf.ones(4)], [kernel, bias])
    np.testing.assert_allclose(kernel.numpy().reshape(18, 4), expected, atol=1e-5)
    np.testing.assert_allclose(bias.numpy(), -0.04, rtol=1e-4)  # Adam: its rate, twice
