"""The articles' own training loops, with the networks and settings that they give, in Keras.

Run by the benchmark as a process of its own too, with TensorFlow as it comes.
"""

from __future__ import annotations

from functools import cache

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from benchmarks.other_process import Steps, answer

LATENT = 100


def dcgan_networks(*, logits: bool = False) -> tuple[keras.Model, keras.Model]:
    """Generator (840,705 parameters) and discriminator (212,865) of the DCGAN article."""
    generator = keras.Sequential(
        [
            layers.Input((LATENT,)),
            layers.Dense(7 * 7 * 128),
            layers.Reshape((7, 7, 128)),
            layers.BatchNormalization(),
            layers.Conv2DTranspose(64, 5, strides=2, padding="same", activation="selu"),
            layers.BatchNormalization(),
            layers.Conv2DTranspose(1, 5, strides=2, padding="same", activation="tanh"),
        ]
    )
    discriminator = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(64, 5, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Dropout(0.3),
            layers.Conv2D(128, 5, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(1, activation=None if logits else "sigmoid"),
        ]
    )
    return generator, discriminator


def batches(images: NDArray[np.uint8], size: int) -> tf.data.Iterator:
    """Shuffled batches in [-1, 1], for ever, as the articles make them."""
    floats = images.astype(np.float32) / 127.5 - 1
    return iter(
        tf.data.Dataset.from_tensor_slices(floats)
        .shuffle(1000)
        .batch(size, drop_remainder=True)
        .repeat()
        .prefetch(1)
    )


def train_on_batch_dcgan(images: NDArray[np.uint8], size: int) -> Steps:
    """D on generated and on real pictures, then G through a frozen D, by `train_on_batch`."""
    generator, discriminator = dcgan_networks()
    discriminator.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam())
    discriminator.trainable = False
    stack = keras.Sequential([generator, discriminator])
    stack.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam())
    data = batches(images, size)
    fake_then_real = np.array([[0.0]] * size + [[1.0]] * size, np.float32)
    ones = np.ones((size, 1), np.float32)

    def steps(count: int) -> None:
        for _ in range(count):
            fake = generator(tf.random.normal([size, LATENT]))
            pictures = tf.concat([fake, next(data)], axis=0)
            discriminator.trainable = True
            discriminator.train_on_batch(pictures, fake_then_real)
            discriminator.trainable = False
            stack.train_on_batch(tf.random.normal([size, LATENT]), ones)

    return steps


def two_tape_dcgan(images: NDArray[np.uint8], size: int) -> Steps:
    """Both networks from one forward pass in one `tf.function`: the TensorFlow tutorial's form."""
    generator, discriminator = dcgan_networks(logits=True)
    g_optimizer, d_optimizer = keras.optimizers.Adam(), keras.optimizers.Adam()
    g_optimizer.build(generator.trainable_variables)
    d_optimizer.build(discriminator.trainable_variables)
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    data = batches(images, size)

    @tf.function
    def step(real: tf.Tensor) -> tf.Tensor:
        noise = tf.random.normal([size, LATENT])
        with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
            fake = generator(noise, training=True)
            real_logits = discriminator(real, training=True)
            fake_logits = discriminator(fake, training=True)
            g_loss = cross_entropy(tf.ones_like(fake_logits), fake_logits)
            d_loss = cross_entropy(tf.ones_like(real_logits), real_logits)
            d_loss += cross_entropy(tf.zeros_like(fake_logits), fake_logits)
        g_variables = generator.trainable_variables
        d_variables = discriminator.trainable_variables
        g_optimizer.apply_gradients(
            zip(g_tape.gradient(g_loss, g_variables), g_variables, strict=True)
        )
        d_optimizer.apply_gradients(
            zip(d_tape.gradient(d_loss, d_variables), d_variables, strict=True)
        )
        return g_loss

    def steps(count: int) -> None:
        for _ in range(count):
            loss = step(next(data))
        loss.numpy()

    return steps


def article_classifier() -> keras.Model:
    """The classifier article's network (93,322 parameters), compiled as there."""
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def fit_classifier(images: NDArray[np.uint8], labels: NDArray[np.int64], size: int) -> Steps:
    """The article's `fit`, on as many pictures as there are to be steps."""
    model = article_classifier()
    x, y = article_data(images, labels)

    @cache
    def data(count: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        taken = np.resize(np.arange(len(x)), count * size)
        return x[taken], y[taken]

    def steps(count: int) -> None:
        model.fit(*data(count), batch_size=size, epochs=1, verbose=0)

    return steps


def article_data(
    images: NDArray[np.uint8], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Pictures in [0, 1] and one-hot labels, as the article feeds them."""
    return images.astype(np.float32) / np.float32(255), keras.utils.to_categorical(labels, 10)


if __name__ == "__main__":
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (4000, 28, 28, 1), np.uint8)
    labels = random.integers(0, 10, 4000)
    loops = {
        "dcgan": lambda size: train_on_batch_dcgan(images, size),
        "two_tapes": lambda size: two_tape_dcgan(images, size),
        "classifier": lambda size: fit_classifier(images, labels, size),
    }
    answer(tf.__version__, loops)
