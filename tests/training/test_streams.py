"""Random streams: what the same seed repeats, and what must differ."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from convgan.training.streams import batch_indices, stream_seed


def order(seed: int, steps: int, batch: int, count: int) -> NDArray[np.int32]:
    """What so many steps look at, one after another."""
    batches = [batch_indices(seed, tf.constant(n, tf.int64), batch, count) for n in range(steps)]
    return np.concatenate([each.numpy() for each in batches])


@settings(deadline=None, max_examples=20)
@given(
    seed=st.integers(0, 2**31 - 1),
    batch=st.integers(1, 12),
    count=st.integers(1, 40),
    epochs=st.integers(1, 3),
)
def test_each_epoch_is_a_permutation(seed: int, batch: int, count: int, epochs: int) -> None:
    """Batches straddle epochs, and may be larger than the data set."""
    steps = -(-epochs * count // batch)
    seen = order(seed, steps, batch, count)
    assert len(seen) == steps * batch
    assert seen.dtype == np.int32
    for epoch in range(epochs):
        part = seen[epoch * count : (epoch + 1) * count]
        assert sorted(part.tolist()) == list(range(count))
    assert seen.min() >= 0
    assert seen.max() < count


def test_orders_differ_by_epoch_and_by_seed() -> None:
    seen = order(5, 3, 50, 50).reshape(3, 50)
    assert len({tuple(epoch) for epoch in seen.tolist()}) == 3
    assert tuple(seen[0]) != tuple(range(50))
    assert order(6, 1, 50, 50).tolist() != seen[0].tolist()


def test_shuffled_well() -> None:
    """No place keeps its picture, or its neighbour's, more often than chance lets it."""
    epochs = order(1, 200, 30, 30).reshape(200, 30)
    first = np.bincount(epochs[:, 0], minlength=30)
    assert first.max() <= 20  # 6.7 are expected; the chance of 21 is below 1e-4
    neighbours = np.mean(np.diff(epochs, axis=1) == 1)
    assert neighbours == pytest.approx(1 / 30, abs=0.015)


def test_compiled_and_eager_are_alike_and_do_not_depend_on_the_batch_size() -> None:
    compiled = tf.function(lambda step: batch_indices(9, step, 7, 20))
    for step in (0, 1, 2, 100_000):
        place = tf.constant(step, tf.int64)
        assert compiled(place).numpy().tolist() == batch_indices(9, place, 7, 20).numpy().tolist()
    assert order(9, 14, 10, 20).tolist() == order(9, 20, 7, 20).tolist()


def test_far_into_a_long_training() -> None:
    """Past 2³¹ pictures seen, where 32-bit arithmetic would turn over."""
    step = tf.constant(2**31, tf.int64)
    seen = batch_indices(0, step, 60, 60).numpy()
    assert sorted(seen.tolist()) == list(range(60))


def test_streams() -> None:
    base = stream_seed(1, "noise", 5)
    assert base.shape == (2,)
    assert base.dtype == tf.int64
    assert base.numpy().tolist() == stream_seed(1, "noise", tf.constant(5)).numpy().tolist()
    others = [stream_seed(2, "noise", 5), stream_seed(1, "shift", 5), stream_seed(1, "noise", 6)]
    draws = [tf.random.stateless_normal([4], seed).numpy().tolist() for seed in [base, *others]]
    for n, draw in enumerate(draws):
        assert draw not in draws[:n]

    compiled = tf.function(lambda step: stream_seed(1, "noise", step))
    assert compiled(tf.constant(5, tf.int64)).numpy().tolist() == base.numpy().tolist()
    # Another key would change how every run goes on that was stopped before.
    assert stream_seed(0, "order", 3).numpy().tolist() == [714399262, 3]
