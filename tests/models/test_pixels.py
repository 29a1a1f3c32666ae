"""Pictures to network values and back."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from convgan.models.pixels import to_float, to_uint8

LEVELS = np.arange(256, dtype=np.uint8)


def test_there() -> None:
    values = to_float(tf.constant(LEVELS))
    assert values.dtype == tf.float32
    np.testing.assert_allclose(values, np.linspace(-1, 1, 256), atol=1e-6)
    assert (values[0], values[255]) == (-1, 1)
    assert to_float(np.zeros((2, 3, 4, 1), np.uint8)).shape == (2, 3, 4, 1)


def test_and_back() -> None:
    back = to_uint8(to_float(tf.constant(LEVELS)))
    assert back.dtype == tf.uint8
    assert np.array_equal(back, LEVELS)


def test_rounds_to_the_nearest_and_stays_in_range() -> None:
    step = 2 / 255
    values = tf.constant([-1.5, -1 + 0.4 * step, -1 + 0.6 * step, 0.2, 1 - 0.4 * step, 1.5, 1e9])
    assert to_uint8(values).numpy().tolist() == [0, 0, 1, 153, 255, 255, 255]


def test_half_precision_comes_as_what_it_is() -> None:
    values = tf.constant([-1.0, 0.5, 1.0], tf.bfloat16)
    assert to_uint8(values).numpy().tolist() == [0, 191, 255]
