"""The classifier's step: sparse cross-entropy on labelled images."""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from convgan.config import ClassifierTrainConfig
from convgan.models.layers import update_spectral_norms
from convgan.models.pixels import to_float
from convgan.training.optimizers import build_optimizer, update
from convgan.training.streams import augmented, rng_counter
from convgan.training.task import Due, Logs


class ClassifierTask:
    """A classifier network with its training step; see `Task`.

    `class_fractions` are of the training images, (K,), for `train.class_weights: balanced`.
    """

    log_names = ("loss", "accuracy", "grad_norm", "learning_rate")
    extra_variables: Mapping[str, keras.Variable] = {}

    def __init__(
        self,
        network: keras.Model,
        train: ClassifierTrainConfig,
        *,
        total_steps: int,
        class_fractions: NDArray[np.float64] | None = None,
        seed: int = 0,
    ) -> None:
        self.network = network
        self.train_config = train
        self.seed = seed
        self.step = keras.Variable(0, dtype="int64", trainable=False, name="step")
        self.rollbacks = keras.Variable(0, dtype="int64", trainable=False, name="rollbacks")
        self.class_weights = None
        if train.class_weights == "balanced" and class_fractions is not None:
            # Of a class that has no image the weight is never used.
            weights = 1 / np.maximum(class_fractions, 1e-9) / len(class_fractions)
            self.class_weights = weights.astype(np.float32)
        self.optimizer = build_optimizer(train.optimizer, train.schedule, total_steps, network)

    @property
    def networks(self) -> dict[str, keras.Model]:
        """What `model/` holds."""
        return {"classifier": self.network}

    @property
    def optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """The one optimizer."""
        return {"optimizer": self.optimizer}

    def due(self, _step: tf.Tensor) -> Due:
        """Return nothing: all steps do the same."""
        return {}

    def train_step(
        self, images: tf.Tensor, labels: tf.Tensor | None, due: Due | None = None
    ) -> Logs:
        """Make one update; return the batch's mean loss (nats), accuracy and gradient norm."""
        del due
        step = tf.identity(self.step.value)
        self.step.assign_add(1)
        update_spectral_norms(self.network)
        counter = rng_counter(step, self.rollbacks.value)
        x = augmented(to_float(images), self.train_config.augmentations, self.seed, counter)
        learning_rate = tf.identity(self.optimizer.learning_rate)
        with tf.GradientTape() as tape:
            logits = self.network(x, training=True)
            logs = _loss_and_accuracy(logits, labels)
            total = logs["loss"]
            if self.train_config.label_smoothing or self.class_weights is not None:
                losses = keras.losses.categorical_crossentropy(
                    tf.one_hot(labels, logits.shape[1]),
                    logits,
                    from_logits=True,
                    label_smoothing=self.train_config.label_smoothing,
                )
                if self.class_weights is not None:
                    losses *= tf.gather(self.class_weights, labels)
                total = tf.reduce_mean(losses)
        gradients = tape.gradient(total, self.network.trainable_variables)
        [norm] = update((self.optimizer, gradients, self.network))
        return logs | {"grad_norm": norm, "learning_rate": learning_rate}


def _loss_and_accuracy(logits: tf.Tensor, labels: tf.Tensor) -> Logs:
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    hits = tf.equal(tf.argmax(logits, axis=1), labels)
    return {
        "loss": tf.reduce_mean(losses),
        "accuracy": tf.reduce_mean(tf.cast(hits, tf.float32)),
    }
