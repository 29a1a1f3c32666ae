"""The classifier's step: its numbers, its augmentation, and what changes when."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from convgan.training.classifier import ClassifierTask, random_shift
from convgan.training.streams import stream_seed

from .tiny import arrays, classifier, pictures

SET = pictures(9)
BATCH = (tf.constant(SET.images), tf.constant(SET.labels))


def numbers(logits: NDArray[np.float32]) -> dict[str, float]:
    exponents = np.exp(logits.astype(np.float64))
    shares = exponents / exponents.sum(axis=1, keepdims=True)
    assert SET.labels is not None
    return {
        "loss": float(-np.log(shares[np.arange(len(SET)), SET.labels]).mean()),
        "accuracy": float((logits.argmax(axis=1) == SET.labels).mean()),
    }


def floats(logs: dict[str, tf.Tensor]) -> dict[str, float]:
    return {name: float(value) for name, value in logs.items()}


def test_loss_and_accuracy() -> None:
    task = classifier()
    logits = task(BATCH[0], training=False)
    assert logits.dtype == tf.float32
    assert floats(task.test_step(BATCH)) == pytest.approx(numbers(logits.numpy()), rel=1e-5)
    with tf.GradientTape() as tape:
        before = task.network(SET.images / np.float32(127.5) - 1, training=True)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(BATCH[1], before)
    gradients = tape.gradient(loss, task.network.trainable_variables)
    norm = np.linalg.norm(np.concatenate([np.ravel(each) for each in gradients]))
    logs = floats(task.train_step(BATCH))
    assert logs == pytest.approx(numbers(before.numpy()) | {"grad_norm": norm}, rel=1e-5)
    assert tuple(logs) == task.log_names


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_labels_of_any_whole_type(dtype: type[np.integer]) -> None:
    task = classifier()
    assert SET.labels is not None
    labels = tf.constant(SET.labels.astype(dtype))
    expected = floats(task.test_step(BATCH))
    assert floats(task.test_step((BATCH[0], labels))) == expected


def test_a_step_changes_all_weights_and_lowers_the_loss() -> None:
    task = classifier()
    before = arrays(task.network.weights)
    first = floats(task.test_step(BATCH))["loss"]
    for _ in range(20):
        task.train_step(BATCH)
    assert floats(task.test_step(BATCH))["loss"] < first
    pairs = zip(before, arrays(task.network.weights), strict=True)
    assert not any(np.array_equal(old, new) for old, new in pairs)
    assert int(task.step.value) == 20
    assert int(task.optimizer.iterations) == 20


def test_dropout_is_on_in_training_only() -> None:
    task = classifier(dropout=0.5, norm="none")
    tested = [floats(task.test_step(BATCH)) for _ in range(2)]
    assert tested[0] == tested[1]
    task.compile(keras.optimizers.SGD(0.0))
    trained = [floats(task.train_step(BATCH))["loss"] for _ in range(2)]
    assert len({tested[0]["loss"], *trained}) == 3


def test_augmentation_is_used_in_training_only() -> None:
    task = classifier(shift=2, norm="none")
    images = tf.constant(SET.images, tf.float32) / 127.5 - 1
    moved = random_shift(images, 2, stream_seed(11, "shift", 0))
    assert not np.array_equal(moved, images)
    expected = numbers(task.network(moved, training=False).numpy())
    assert floats(task.test_step(BATCH)) != pytest.approx(expected, rel=1e-3)
    logs = floats(task.train_step(BATCH))
    assert logs == pytest.approx(expected | {"grad_norm": logs["grad_norm"]}, rel=1e-4)


def shifted(image: NDArray[np.float32], down: int, right: int) -> NDArray[np.float32]:
    """By a loop over pixels: each shows what was `down` above and `right` left of it."""
    height, width, _ = image.shape
    made = np.empty_like(image)
    for y in range(height):
        for x in range(width):
            from_y = min(max(y - down, 0), height - 1)
            made[y, x] = image[from_y, min(max(x - right, 0), width - 1)]
    return made


@pytest.mark.parametrize("compiled", [False, True])
def test_each_picture_has_a_shift_of_its_own(compiled: bool) -> None:
    rng = np.random.default_rng(0)
    images = rng.normal(size=(150, 6, 5, 2)).astype(np.float32)
    shift = random_shift
    if compiled:  # with a batch size that is not known while tracing
        signature = [
            tf.TensorSpec([None, 6, 5, 2], tf.float32),
            tf.TensorSpec([], tf.int32),
            tf.TensorSpec([2], tf.int64),
        ]
        shift = tf.function(lambda x, _, seed: random_shift(x, 2, seed), signature)
    moved = shift(tf.constant(images), 2, stream_seed(1, "shift", 0)).numpy()
    offsets = [(down, right) for down in range(-2, 3) for right in range(-2, 3)]
    found = []
    for image, result in zip(images, moved, strict=True):
        fitting = [at for at in offsets if np.array_equal(shifted(image, *at), result)]
        assert len(fitting) == 1
        found += fitting
    assert set(found) == set(offsets)  # 150 draws of 25: a missing one has a chance of 5 %
    assert np.array_equal(shift(tf.constant(images), 2, stream_seed(1, "shift", 0)), moved)
    assert not np.array_equal(shift(tf.constant(images), 2, stream_seed(1, "shift", 1)), moved)


def test_networks_and_optimizers_are_what_a_state_and_a_file_need() -> None:
    task: ClassifierTask = classifier()
    assert task.networks == {"classifier": task.network}
    assert task.optimizers == (task.optimizer,)
