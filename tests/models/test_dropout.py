"""Dropout by bytes: its share, its mean, its independence, and what a saved network has."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from convgan.models.dropout import ByteDropout, with_plain_dropout


@pytest.mark.parametrize(("rate", "share"), [(0.3, 77 / 256), (0.5, 0.5), (0.02, 5 / 256)])
def test_share_and_mean(rate: float, share: float) -> None:
    x = tf.fill([200, 37, 13], 2.0)
    y = ByteDropout(rate, seed=3)(x, training=True).numpy()
    dropped = (y == 0).mean()
    error = 5 * np.sqrt(share * (1 - share) / y.size)  # five standard errors
    assert dropped == pytest.approx(share, abs=error)
    assert np.unique(y[y != 0]) == pytest.approx([2 / (1 - share)], rel=1e-6)
    # Neighbours know nothing of each other, nor do the four bytes of one random number.
    flat = (y == 0).ravel()
    for lag in range(1, 9):
        assert abs(np.corrcoef(flat[:-lag], flat[lag:])[0, 1]) < 5 / np.sqrt(flat.size)
    first, second = (y == 0)[:100].ravel(), (y == 0)[100:].ravel()
    assert abs(np.corrcoef(first, second)[0, 1]) < 5 / np.sqrt(first.size)


def test_masks_differ_from_call_to_call_and_repeat_from_the_seed() -> None:
    x = tf.ones([50, 7])
    one, other = ByteDropout(0.4, seed=1), ByteDropout(0.4, seed=1)
    first, second = one(x, training=True).numpy(), one(x, training=True).numpy()
    assert not np.array_equal(first, second)
    assert np.array_equal(other(x, training=True).numpy(), first)


def test_nothing_is_dropped_outside_of_training() -> None:
    x = tf.random.stateless_normal([5, 3], [1, 2])
    assert np.array_equal(ByteDropout(0.4, seed=1)(x, training=False), x)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("shape", [(3, 5), (1, 1), (2, 7, 3, 3)])
def test_any_size_and_type(shape: tuple[int, ...], dtype: str) -> None:
    layer = ByteDropout(0.5, seed=1, dtype=dtype)
    compiled = tf.function(
        lambda x: layer(x, training=True),
        input_signature=[tf.TensorSpec([None, *shape[1:]], dtype)],
    )
    y = compiled(tf.ones(shape, dtype))
    assert y.shape == shape
    assert y.dtype == dtype
    assert set(np.unique(y.numpy().astype(np.float32))) <= {0.0, 2.0}


def test_the_gradient_goes_where_the_values_went() -> None:
    x = tf.random.stateless_normal([40, 3], [1, 2])
    layer = ByteDropout(0.25, seed=2)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True)
    slope = tape.gradient(y, x).numpy()
    assert np.array_equal(slope != 0, y.numpy() != 0)
    assert slope[slope != 0] == pytest.approx(4 / 3)


@pytest.mark.parametrize("rate", [0.001, 0.999])
def test_a_rate_too_fine_for_a_byte_is_left_to_keras(rate: float) -> None:
    y = ByteDropout(rate, seed=1)(tf.ones([300, 1000]), training=True).numpy()
    assert min((y == 0).mean(), (y != 0).mean()) == pytest.approx(0.001, rel=0.3)


def test_a_saved_network_needs_keras_only(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    x = ByteDropout(0.3, name="d")(keras.layers.Dense(5, name="a")(inputs))
    network = keras.Model(inputs, keras.layers.Dense(2, name="b")(x))
    plain = with_plain_dropout(network)
    assert type(plain.get_layer("d")) is keras.layers.Dropout
    assert plain.get_layer("d").rate == 0.3
    values = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    assert np.array_equal(plain(values), network(values))
    plain.save(tmp_path / "a.keras")
    assert "convgan" not in plain.to_json()
    assert with_plain_dropout(plain) is plain
