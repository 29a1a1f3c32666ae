"""The classifier's step: its numbers, its augmentation, and what changes when."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from convgan.training.augmentations import random_shift
from convgan.training.classifier import ClassifierTask
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


def test_label_smoothing_spreads_a_share_over_all_classes() -> None:
    """The gradient is that of Keras's loss; what is reported is the plain cross-entropy."""
    task, plain = classifier(norm="none", label_smoothing=0.3), classifier(norm="none")
    with tf.GradientTape() as tape:
        logits = task.network(SET.images / np.float32(127.5) - 1, training=True)
        loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.3)(
            tf.one_hot(SET.labels, 3), logits
        )
    gradients = tape.gradient(loss, task.network.trainable_variables)
    norm = np.linalg.norm(np.concatenate([np.ravel(each) for each in gradients]))
    smooth, usual = (floats(each.train_step(BATCH)) for each in (task, plain))
    assert smooth["grad_norm"] == pytest.approx(norm, rel=1e-4)
    assert smooth["grad_norm"] != pytest.approx(usual["grad_norm"], rel=1e-2)
    assert smooth["loss"] == usual["loss"]


def test_each_augmentation_is_asked_for() -> None:
    for change in ({"augment_flip": True}, {"augment_erase": 3}, {"augment_shift": 2}):
        changed, plain = classifier(norm="none", **change), classifier(norm="none")
        logs = [floats(each.train_step(BATCH))["loss"] for each in (changed, plain)]
        assert logs[0] != logs[1]
        assert changed.test_step(BATCH)["loss"] != plain.test_step(BATCH)["loss"]


def test_networks_and_optimizers_are_what_a_state_and_a_file_need() -> None:
    task: ClassifierTask = classifier()
    assert task.networks == {"classifier": task.network}
    assert task.optimizers == (task.optimizer,)
