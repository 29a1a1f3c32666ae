"""Penalties on the discriminator's gradient at the pictures, apart from the losses.

Each takes the discriminator as a function of pictures, real and generated pictures
(N, H, W, C), and a stateless seed (2,), and returns a scalar of weight 1.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

Critic = Callable[[tf.Tensor], tf.Tensor]
Penalty = Callable[[Critic, tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


def r1(critic: Critic, real: tf.Tensor, _fake: tf.Tensor, _seed: tf.Tensor) -> tf.Tensor:
    """Half the mean squared gradient norm at real pictures (Mescheder et al., 2018, eq. 9)."""
    return 0.5 * tf.reduce_mean(tf.reduce_sum(tf.square(_gradient(critic, real)), axis=[1, 2, 3]))


def gradient_penalty(
    critic: Critic, real: tf.Tensor, fake: tf.Tensor, seed: tf.Tensor
) -> tf.Tensor:
    """Mean squared distance of the gradient norm from 1 between real and generated pictures.

    Gulrajani et al., 2017, eq. 3; one point on each line from a real to a generated picture.
    """
    share = tf.random.stateless_uniform([tf.shape(real)[0], 1, 1, 1], seed)
    between = share * real + (1.0 - share) * fake
    squares = tf.reduce_sum(tf.square(_gradient(critic, between)), axis=[1, 2, 3])
    # The square root has no finite slope at 0, where a dead discriminator would put it.
    return tf.reduce_mean(tf.square(tf.sqrt(squares + 1e-12) - 1.0))


PENALTIES: dict[str, Penalty] = {"r1": r1, "gradient_penalty": gradient_penalty}


def _gradient(critic: Critic, images: tf.Tensor) -> tf.Tensor:
    """Gradient of each picture's own logit: the sum's, as no layer should mix pictures."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(images)
        logits = tf.reduce_sum(critic(images))
    return tape.gradient(logits, images)
