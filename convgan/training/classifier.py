"""The classifier's step: sparse cross-entropy on labelled pictures."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from convgan.models.pixels import to_float
from convgan.training.optimizers import update
from convgan.training.streams import moment, stream_seed


class ClassifierTask(keras.Model):
    """A classifier network with its training step, for the loop and for Keras's `fit`.

    It takes uint8 pictures (N, H, W, C) and integer labels (N,); `call` gives logits (N, K).
    """

    log_names = ("loss", "accuracy", "grad_norm")

    def __init__(self, network: keras.Model, *, seed: int = 0, augment_shift: int = 0) -> None:
        super().__init__(name="classifier_task")
        self.network = network
        self.seed = seed
        self.augment_shift = augment_shift
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
        x = to_float(images)
        if self.augment_shift:
            seed = stream_seed(self.seed, "shift", moment(step, self.rollbacks.value))
            x = random_shift(x, self.augment_shift, seed)
        with tf.GradientTape() as tape:
            logits = self.network(x, training=True)
            logs = _loss_and_accuracy(logits, labels)
        gradients = tape.gradient(logs["loss"], self.network.trainable_variables)
        update((self.optimizer, gradients, self.network))
        return logs | {"grad_norm": tf.linalg.global_norm(gradients)}

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Return a batch's mean loss and accuracy, without dropout."""
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        return _loss_and_accuracy(self(images, training=False), labels)


def random_shift(images: tf.Tensor, pixels: int, seed: tf.Tensor) -> tf.Tensor:
    """Move each picture by up to `pixels` whole pixels each way; its edge fills the gap."""
    count, height, width, _ = images.shape
    offsets = tf.random.stateless_uniform(
        [tf.shape(images)[0] if count is None else count, 2],
        seed,
        minval=-pixels,
        maxval=pixels + 1,
        dtype=tf.int32,
    )
    rows = _moved(height, offsets[:, 0])
    columns = _moved(width, offsets[:, 1])
    images = tf.gather(images, rows, axis=1, batch_dims=1)
    return tf.gather(images, columns, axis=2, batch_dims=1)


def _moved(size: int, offsets: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(tf.range(size)[None, :] - offsets[:, None], 0, size - 1)


def _loss_and_accuracy(logits: tf.Tensor, labels: tf.Tensor) -> dict[str, tf.Tensor]:
    labels = tf.cast(labels, tf.int64)  # the op refuses uint8, which Keras's data sets have
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    hits = tf.equal(tf.argmax(logits, axis=1), labels)
    return {
        "loss": tf.reduce_mean(losses),
        "accuracy": tf.reduce_mean(tf.cast(hits, tf.float32)),
    }
