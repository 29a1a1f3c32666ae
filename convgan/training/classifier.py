"""The classifier's step: sparse cross-entropy on labelled pictures."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from convgan.config import ClassifierTrainConfig
from convgan.models.pixels import to_float
from convgan.training.augmentations import cutout, random_affine, random_flip, random_shift
from convgan.training.optimizers import update
from convgan.training.streams import rng_counter, stream_seed


class ClassifierTask(keras.Model):
    """A classifier network with its training step, for the loop and for Keras's `fit`.

    It takes uint8 pictures (N, H, W, C) and integer labels (N,); `call` gives logits (N, K).
    """

    log_names = ("loss", "accuracy", "grad_norm")

    def __init__(
        self, network: keras.Model, train: ClassifierTrainConfig, *, seed: int = 0
    ) -> None:
        super().__init__(name="classifier_task")
        self.network = network
        self.train_config = train
        self.seed = seed
        self.step = keras.Variable(0, dtype="int64", trainable=False, name="step")
        self.rollbacks = keras.Variable(0, dtype="int64", trainable=False, name="rollbacks")

    def compile(self, optimizer: Any) -> None:
        """Take the optimizer and build it, so that a resume finds its moments."""
        super().compile(optimizer=optimizer)
        self.optimizer.build(self.network.trainable_variables)

    @property
    def networks(self) -> dict[str, keras.Model]:
        """What `model/*.keras` files are made of."""
        return {"classifier": self.network}

    @property
    def optimizers(self) -> tuple[Any, ...]:
        """All optimizers, for the training state."""
        return (self.optimizer,)

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Uint8 pictures to float32 logits (N, K)."""
        return self.network(to_float(images), training=training)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Make one update; return the batch's mean loss (nats), accuracy and gradient norm."""
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        step = tf.identity(self.step.value)
        self.step.assign_add(1)
        x = self._augmented(to_float(images), rng_counter(step, self.rollbacks.value))
        with tf.GradientTape() as tape:
            logits = self.network(x, training=True)
            logs = _loss_and_accuracy(logits, labels)
            total = logs["loss"]
            if self.train_config.label_smoothing:
                total = _smoothed_loss(logits, labels, self.train_config.label_smoothing)
        gradients = tape.gradient(total, self.network.trainable_variables)
        update((self.optimizer, gradients, self.network))
        return logs | {"grad_norm": tf.linalg.global_norm(gradients)}

    def _augmented(self, x: tf.Tensor, now: tf.Tensor) -> tf.Tensor:
        recipe = self.train_config
        if recipe.augment_flip:
            x = random_flip(x, stream_seed(self.seed, "flip", now))
        if recipe.augment_shift:
            x = random_shift(x, recipe.augment_shift, stream_seed(self.seed, "shift", now))
        if recipe.augment_rotate or recipe.augment_scale:
            seed = stream_seed(self.seed, "warp", now)
            x = random_affine(x, recipe.augment_rotate, recipe.augment_scale, seed)
        if recipe.augment_erase:
            x = cutout(x, recipe.augment_erase, stream_seed(self.seed, "erase", now))
        return x

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Return a batch's mean loss and accuracy, without dropout."""
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        return _loss_and_accuracy(self(images, training=False), labels)


def _loss_and_accuracy(logits: tf.Tensor, labels: tf.Tensor) -> dict[str, tf.Tensor]:
    labels = tf.cast(labels, tf.int64)  # the op refuses uint8, which Keras's data sets have
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    hits = tf.equal(tf.argmax(logits, axis=1), labels)
    return {
        "loss": tf.reduce_mean(losses),
        "accuracy": tf.reduce_mean(tf.cast(hits, tf.float32)),
    }


def _smoothed_loss(logits: tf.Tensor, labels: tf.Tensor, share: float) -> tf.Tensor:
    """Return the cross-entropy from labels of which a share s is spread over all K classes.

    The right class has 1 - s + s/K, each other s/K (Szegedy et al., 2016, section 7).
    """
    classes = logits.shape[1]
    right, other = 1 - share + share / classes, share / classes
    smoothed = tf.one_hot(labels, classes, right, other)
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(smoothed, logits))
