"""Penalties on the discriminator's gradient at the images, apart from the losses.

Their own gradients are second-order; the layers of convgan's discriminators have exact ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from convgan.config.kinds import PENALTIES, Penalty
from convgan.lazy import tf
from convgan.replicas import drawn_uniform

Discriminator = Callable[["tf.Tensor"], "tf.Tensor"]


@PENALTIES.add("r1")
class R1(Penalty):
    """Half the mean squared gradient norm at real images (Mescheder et al., 2018, eq. 9)."""

    name: Literal["r1"]

    def __call__(
        self, discriminator: Discriminator, real: tf.Tensor, fake: tf.Tensor, seed: tf.Tensor
    ) -> tf.Tensor:
        """Return the scalar; fake images and seed are not used."""
        del fake, seed
        return 0.5 * tf.reduce_mean(_squared_norms(discriminator, real))


@PENALTIES.add("gradient_penalty")
class GradientPenalty(Penalty):
    """Mean squared distance of the gradient norm from 1 between real and fake images.

    Gulrajani et al., 2017, eq. 3; one point on each line from a real to a fake image.
    """

    name: Literal["gradient_penalty"]

    def __call__(
        self, discriminator: Discriminator, real: tf.Tensor, fake: tf.Tensor, seed: tf.Tensor
    ) -> tf.Tensor:
        """Return the scalar; the seed chooses the points, uniformly."""
        weight = drawn_uniform(real, [1, 1, 1], seed)
        squares = _squared_norms(discriminator, weight * real + (1.0 - weight) * fake)
        # The square root has no finite slope at 0, where a dead discriminator would put it.
        return tf.reduce_mean(tf.square(tf.sqrt(squares + 1e-12) - 1.0))


def _squared_norms(discriminator: Discriminator, images: tf.Tensor) -> tf.Tensor:
    """Squared norm of the gradient of each image's own logit, (N,).

    By the gradient of the logits' sum, which is that where no layer mixes samples.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(images)
        logits = tf.reduce_sum(discriminator(images))
    return tf.reduce_sum(tf.square(tape.gradient(logits, images)), axis=[1, 2, 3])
