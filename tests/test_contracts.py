"""What every entry of the registries of networks, losses, penalties and augmentations keeps to.

An entry that is new needs its smallest settings here, and is then held to the docstrings of the
base classes in convgan/config/kinds.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args, get_origin

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from convgan.config.kinds import (
    AUGMENTATIONS,
    CLASSIFIERS,
    DISCRIMINATORS,
    GENERATORS,
    LOSSES,
    PENALTIES,
    Augmentation,
    Loss,
    Penalty,
)
from convgan.config.section import Section
from convgan.models.build import NetworkSpec
from convgan.models.layer_table import layer_table
from convgan.registry import Registry

SHAPE = (8, 8, 3)
CLASSES = 4

GENERATOR: dict[str, Any] = {"latent_dim": 5, "projection": {"size": 4, "filters": 4}}
RESNET: dict[str, Any] = {"stem": {"filters": 16}, "blocks": [{"filters": 4, "stride": 2}]}
SMALLEST: dict[str, dict[str, dict[str, Any]]] = {
    "generator": {
        "dcgan": GENERATOR,
        "resnet": GENERATOR | {"blocks": [{"filters": 4, "stride": 2}]},
    },
    "discriminator": {"dcgan": {"blocks": [{"filters": 4}]}, "resnet": RESNET},
    "classifier": {"classifier": {"blocks": [{"filters": 4}]}, "resnet": RESNET},
    "loss": {
        "non_saturating": {},
        "least_squares": {},
        "hinge": {},
        "wasserstein": {},
        "relativistic": {},
    },
    "penalty": {"r1": {"weight": 1}, "gradient_penalty": {"weight": 1}},
    "augmentation": {
        "shift": {"pixels": 2},
        "affine": {"degrees": 20, "scale": 0.1, "shear": 0.1, "elastic": 1},
        "flip": {},
        "cutout": {"size": 3},
    },
}
REGISTRIES: tuple[Registry[Any], ...] = (
    GENERATORS,
    DISCRIMINATORS,
    CLASSIFIERS,
    LOSSES,
    PENALTIES,
    AUGMENTATIONS,
)
ENTRIES = [(registry, name) for registry in REGISTRIES for name in SMALLEST[registry.kind]]


def smallest(registry: Registry[Any], name: str) -> Any:
    """An entry from the smallest settings, which must be enough."""
    return registry[name].model_validate({"name": name} | SMALLEST[registry.kind][name])


def names(registry: Registry[Any]) -> Any:
    return pytest.mark.parametrize("name", SMALLEST[registry.kind])


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.kind)
def test_no_entry_is_left_out(registry: Registry[Any]) -> None:
    brought = [name for name in registry if registry[name].__module__.startswith("convgan.")]
    assert set(brought) == set(SMALLEST[registry.kind]), "give each its smallest settings there"


@pytest.mark.parametrize(
    ("registry", "name"), ENTRIES, ids=[f"{registry.kind}-{name}" for registry, name in ENTRIES]
)
def test_the_section(registry: Registry[Any], name: str) -> None:
    entry = registry[name]
    assert issubclass(entry, Section)
    assert len((entry.__doc__ or "").strip()) > 20
    annotation = entry.model_fields["name"].annotation
    assert get_origin(annotation) is Literal
    assert get_args(annotation) == (name,)
    section = smallest(registry, name)
    assert type(section).model_validate(section.model_dump(mode="json")) == section
    with pytest.raises(ValueError, match="there is no key 'nonsense' here"):
        entry.model_validate(SMALLEST[registry.kind][name] | {"name": name, "nonsense": 1})
    schema = entry.model_json_schema()
    assert schema["properties"]["name"]["const"] == name


def images(count: int, seed: int = 0, shape: tuple[int, ...] = SHAPE) -> tf.Tensor:
    rng = np.random.default_rng(seed)
    return tf.constant(rng.uniform(-1, 1, (count, *shape)), tf.float32)


@names(GENERATORS)
def test_a_generator(name: str, precision: str) -> None:
    section = smallest(GENERATORS, name)
    network = section.build(SHAPE, 0)
    assert network.input_shape == (None, section.latent_dim)
    z = 20 * tf.random.stateless_normal([6, section.latent_dim], [1, 2])
    made = network(z, training=True)
    assert (made.shape, made.dtype) == ((6, *SHAPE), tf.float32)
    assert float(tf.reduce_max(tf.abs(made))) <= 1
    assert float(tf.math.reduce_std(made, axis=0)[0, 0, 0]) > 0
    fixed = network(tf.zeros([2, section.latent_dim]), training=False)
    assert np.array_equal(fixed[0], fixed[1])
    assert isinstance(section.proposals((16, 16, 3)), list)
    computes_in(precision, network)
    well_named(NetworkSpec(section, SHAPE, 0))


@names(DISCRIMINATORS)
def test_a_discriminator(name: str, precision: str) -> None:
    section = smallest(DISCRIMINATORS, name)
    network = section.build(SHAPE, 0)
    logits = network(100 * images(6), training=True)
    assert (logits.shape, logits.dtype) == ((6, 1), tf.float32)
    assert float(tf.reduce_max(tf.abs(logits))) > 1  # no probabilities
    computes_in(precision, network)
    well_named(NetworkSpec(section, SHAPE, 0))


@names(CLASSIFIERS)
def test_a_classifier(name: str, precision: str) -> None:
    section = smallest(CLASSIFIERS, name)
    network = section.build(SHAPE, CLASSES)
    logits = network(images(6), training=True)
    assert (logits.shape, logits.dtype) == ((6, CLASSES), tf.float32)
    assert np.abs(np.sum(logits, axis=1) - 1).max() > 1e-3  # no softmax
    assert len(network.get_layer("features").output.shape) == 2
    computes_in(precision, network)
    well_named(NetworkSpec(section, SHAPE, CLASSES))


def computes_in(precision: str, network: keras.Model) -> None:
    """Layers with weights in the precision asked for, their weights and the output in float32."""
    weighty = [layer for layer in network.layers if layer.trainable_weights]
    assert {weight.dtype for layer in weighty for weight in layer.weights} <= {"float32"}
    assert precision.removeprefix("mixed_") in {layer.compute_dtype for layer in weighty}


def well_named(spec: NetworkSpec) -> None:
    """The same layers each time, built with no value, and a table that adds up."""
    network, again = spec.build_symbolically(), spec.build_symbolically()
    assert [layer.name for layer in network.layers] == [layer.name for layer in again.layers]
    assert [weight.path for weight in network.weights] == [weight.path for weight in again.weights]
    assert all(weight._value is None for weight in network.weights)
    assert sum(row.parameters for row in layer_table(network)) == network.count_params()


REAL: NDArray[np.float32] = np.array([[1.5], [-0.7], [0.3], [0.2]], np.float32)
FAKE: NDArray[np.float32] = np.array([[-0.4], [0.4], [0.6], [-0.2]], np.float32)


def losses(loss: Loss, real: Any, fake: Any) -> tuple[float, float]:
    d_loss, g_loss = loss(tf.constant(real, tf.float32), tf.constant(fake, tf.float32))
    return float(d_loss), float(g_loss)


@names(LOSSES)
def test_who_gains_by_what(name: str) -> None:
    """By finite differences: the discriminator by real logits that rise and fake ones that fall,
    the generator by fake ones that rise."""
    loss, step = smallest(LOSSES, name), 0.01
    d_loss, g_loss = losses(loss, REAL, FAKE)
    d_after, g_after = losses(loss, REAL + step, FAKE)
    assert d_after < d_loss
    assert (g_after != pytest.approx(g_loss, abs=1e-6)) == loss.paired
    d_after, g_after = losses(loss, REAL, FAKE + step)
    assert d_after > d_loss
    assert g_after < g_loss


@names(LOSSES)
def test_a_loss_is_a_mean_over_the_batch(name: str) -> None:
    loss = smallest(LOSSES, name)
    twice = losses(loss, np.tile(REAL, (2, 1)), np.tile(FAKE, (2, 1)))
    assert twice == pytest.approx(losses(loss, REAL, FAKE), rel=1e-5)


@names(LOSSES)
def test_a_loss_is_two_float32_scalars_with_gradients(name: str, precision: str) -> None:
    loss: Loss = smallest(LOSSES, name)

    @tf.function
    def compiled(real: tf.Tensor, fake: tf.Tensor) -> Any:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([real, fake])
            d_loss, g_loss = loss(real, fake)
        slopes = [tape.gradient(d_loss, each) for each in (real, fake)]
        return d_loss, g_loss, *slopes, tape.gradient(g_loss, fake)

    # The second time D is very sure, of some rightly and of some wrongly.
    sure = np.array([[100], [-100], [0.5], [0.2]], np.float32)
    for real, fake in ((REAL, FAKE), (sure, -sure)):
        d_loss, g_loss, *slopes = compiled(tf.constant(real), tf.constant(fake))
        for each in (d_loss, g_loss):
            assert (each.shape, each.dtype) == ((), tf.float32)
            assert np.isfinite(each)
        for slope in slopes:
            assert slope.shape == real.shape
            assert np.isfinite(slope).all()
            assert np.abs(slope).max() > 0


@names(LOSSES)
def test_what_a_loss_says_of_guessing(name: str) -> None:
    """Logits that are the same for real and fake images, at their best value."""
    loss = smallest(LOSSES, name)
    same = np.arange(-300, 301) / 100
    best = min(losses(loss, [[value]], [[value]])[0] for value in same)
    if loss.guessing is None:
        assert best == pytest.approx(0)  # the same whatever they are: there is no scale
    else:
        assert loss.guessing == pytest.approx(best, abs=1e-4)


SEED = np.array([3, 7], np.int64)


@names(PENALTIES)
@pytest.mark.parametrize("discriminator", SMALLEST["discriminator"])
def test_a_penalty(name: str, discriminator: str, precision: str) -> None:
    penalty: Penalty = smallest(PENALTIES, name)
    network = smallest(DISCRIMINATORS, discriminator).build(SHAPE, 0)
    weights = [weight for weight in network.trainable_weights if "kernel" in weight.path]

    @tf.function
    def compiled(seed: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            value = penalty(lambda x: network(x, training=True), images(4), images(4, 1), seed)
        return value, tape.gradient(value, [weight.value for weight in weights])

    value, gradients = compiled(SEED)
    assert (value.shape, value.dtype) == ((), tf.float32)
    assert float(value) >= 0
    assert all(np.isfinite(gradient).all() for gradient in gradients)
    assert max(float(tf.reduce_max(tf.abs(gradient))) for gradient in gradients) > 0
    assert float(compiled(SEED)[0]) == float(value)
    assert penalty.interval == 1
    assert penalty.weight == 1


def changed(change: Callable[[Any, Any], Any], seed: int = 1, shape: Any = (6, 5, 2)) -> Any:
    made = change(images(40, shape=shape), tf.constant([seed, 2], tf.int64))
    assert (made.shape, made.dtype) == ((40, *shape), tf.float32)
    return made.numpy()


@names(AUGMENTATIONS)
@pytest.mark.parametrize("how", ["eager", "graph", "unknown batch"])
def test_an_augmentation(name: str, how: str) -> None:
    augmentation: Augmentation = smallest(AUGMENTATIONS, name)
    change: Any = augmentation
    if how == "graph":
        change = tf.function(augmentation.__call__)
    elif how == "unknown batch":
        signature = [tf.TensorSpec([None, 6, 5, 2], tf.float32), tf.TensorSpec([2], tf.int64)]
        change = tf.function(augmentation.__call__, signature)
    made = changed(change)
    assert np.abs(made).max() <= 1 + 1e-6
    assert np.array_equal(made, changed(change))
    assert not np.array_equal(made, changed(change, seed=5))
    before = images(40, shape=(6, 5, 2)).numpy()
    assert (np.abs(made - before).max(axis=(1, 2, 3)) > 1e-3).sum() > 5
    np.testing.assert_allclose(made, changed(augmentation), atol=1e-5)


@names(AUGMENTATIONS)
def test_xla_compiles_an_augmentation(name: str) -> None:
    augmentation: Augmentation = smallest(AUGMENTATIONS, name)
    changed(tf.function(augmentation.__call__, jit_compile=True))
