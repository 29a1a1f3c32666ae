"""The classifier's step: its numbers, its augmentations, and what changes when."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from convgan.config.kinds import AUGMENTATIONS
from convgan.training.classifier import ClassifierTask
from convgan.training.streams import stream_seed

from .tiny import ADAM, arrays, classifier, pictures

SET = pictures(9)
BATCH = (tf.constant(SET.images), tf.constant(SET.labels))
PIXELS = tf.constant(SET.images / np.float32(127.5) - 1)


def numbers(logits: NDArray[np.float32]) -> dict[str, float]:
    exponents = np.exp(logits.astype(np.float64))
    fractions = exponents / exponents.sum(axis=1, keepdims=True)
    assert SET.labels is not None
    return {
        "loss": float(-np.log(fractions[np.arange(len(SET)), SET.labels]).mean()),
        "accuracy": float((logits.argmax(axis=1) == SET.labels).mean()),
    }


def step(task: ClassifierTask) -> dict[str, float]:
    return {name: float(value) for name, value in task.train_step(*BATCH).items()}


def norm_of(gradients: list[tf.Tensor]) -> float:
    return float(np.linalg.norm(np.concatenate([np.ravel(each) for each in gradients])))


def test_loss_accuracy_and_gradient() -> None:
    task = classifier()
    with tf.GradientTape() as tape:
        before = task.network(PIXELS, training=True)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(BATCH[1], before)
    assert before.dtype == tf.float32
    norm = norm_of(tape.gradient(loss, task.network.trainable_variables))
    logs = step(task)
    expected = numbers(before.numpy()) | {"grad_norm": norm, "learning_rate": 0.01}
    assert logs == pytest.approx(expected, rel=1e-5)
    assert tuple(logs) == task.log_names


def test_a_step_changes_all_weights_and_lowers_the_loss() -> None:
    task = classifier(schedule="constant")
    before = arrays(task.network.weights)
    first = numbers(task.network(PIXELS, training=False).numpy())["loss"]
    compiled = tf.function(lambda: task.train_step(*BATCH))
    for _ in range(20):
        compiled()
    assert numbers(task.network(PIXELS, training=False).numpy())["loss"] < first
    pairs = zip(before, arrays(task.network.weights), strict=True)
    assert not any(np.array_equal(old, new) for old, new in pairs)
    assert int(task.step.value) == 20
    assert int(task.optimizer.iterations) == 20


def test_the_learning_rate_follows_the_schedule() -> None:
    """Over the steps of the whole training, 20 here."""
    task = classifier(schedule="linear")
    compiled = tf.function(lambda: task.train_step(*BATCH)["learning_rate"])
    found = [float(compiled()) for _ in range(20)]
    assert found == pytest.approx([0.01 * (1 - done / 20) for done in range(20)], rel=1e-4)


def test_dropout_is_on() -> None:
    task = classifier(dropout=0.5, norm="none")
    tested = numbers(task.network(PIXELS, training=False).numpy())["loss"]
    task.optimizer = keras.optimizers.SGD(0.0)
    task.optimizer.build(task.network.trainable_variables)
    assert len({tested, *(step(task)["loss"] for _ in range(2))}) == 3


def test_augmentations_follow_one_another_each_by_its_own_stream() -> None:
    """The second of one kind draws other numbers than the first."""
    entries = [
        {"name": "shift", "pixels": 2},
        {"name": "cutout", "size": 3},
        {"name": "shift", "pixels": 1},
    ]
    task = classifier(norm="none", augmentations=entries)
    task.step.assign(3)
    images = PIXELS
    for entry, stream in zip(entries, ("shift", "cutout", "shift2"), strict=True):
        augmentation = AUGMENTATIONS[entry["name"]].model_validate(entry)
        images = augmentation(images, stream_seed(11, stream, 3))
    expected = numbers(task.network(images, training=False).numpy())
    assert expected != pytest.approx(numbers(task.network(PIXELS, training=False).numpy()))
    logs = step(task)
    assert {name: logs[name] for name in expected} == pytest.approx(expected, rel=1e-4)


def smoothed_losses(logits: tf.Tensor) -> tf.Tensor:
    """Of 3 classes the right one has 1 - 0.3 + 0.1, each other 0.1 (Szegedy et al., 2016, 7)."""
    labels = np.where(np.arange(3) == np.asarray(SET.labels)[:, None], 0.8, 0.1)
    return -tf.reduce_sum(labels.astype(np.float32) * tf.nn.log_softmax(logits), axis=1)


def test_label_smoothing_spreads_a_fraction_over_all_classes() -> None:
    """What is reported is the plain cross-entropy."""
    task, plain = classifier(norm="none", label_smoothing=0.3), classifier(norm="none")
    with tf.GradientTape() as tape:
        logits = task.network(PIXELS, training=True)
        loss = tf.reduce_mean(smoothed_losses(logits))
    norm = norm_of(tape.gradient(loss, task.network.trainable_variables))
    smooth, usual = step(task), step(plain)
    assert smooth["grad_norm"] == pytest.approx(norm, rel=1e-4)
    assert smooth["grad_norm"] != pytest.approx(usual["grad_norm"], rel=1e-2)
    assert smooth["loss"] == usual["loss"]


def test_balanced_weights_count_each_class_alike() -> None:
    """A picture counts 1 / (K times its class's fraction), with smoothed labels, too."""
    assert SET.labels is not None
    task = classifier(norm="none", label_smoothing=0.3, class_weights="balanced")
    weights = np.array([1 / 1.5, 1 / 0.9, 1 / 0.6], np.float32)[SET.labels]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(weights * smoothed_losses(task.network(PIXELS, training=True)))
    norm = norm_of(tape.gradient(loss, task.network.trainable_variables))
    plain = step(classifier(norm="none", label_smoothing=0.3))
    balanced = step(task)
    assert balanced["grad_norm"] == pytest.approx(norm, rel=1e-4)
    assert balanced["grad_norm"] != pytest.approx(plain["grad_norm"], rel=1e-2)
    assert balanced["loss"] == plain["loss"]


@pytest.mark.parametrize("optimizer", [ADAM, {"name": "rmsprop", "learning_rate": 0.01}])
def test_networks_and_optimizers_are_what_a_state_and_a_file_need(optimizer: Any) -> None:
    task = classifier(optimizer=optimizer)
    assert task.networks == {"classifier": task.network}
    assert task.optimizers == {"optimizer": task.optimizer}
