"""Adversarial losses: the discriminator's logits of real and fake images to (d_loss, g_loss).

A discriminator says 1 for real and 0 for fake: its logit is high for real.
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from convgan.config.kinds import LOSSES, Loss
from convgan.lazy import tf

Scalars = tuple["tf.Tensor", "tf.Tensor"]


@LOSSES.add("non_saturating")
class NonSaturating(Loss):
    """Binary cross-entropy; G maximises log D(G(z)) (Goodfellow et al., 2014, section 3)."""

    name: Literal["non_saturating"]
    label_smoothing: Annotated[float, Field(ge=0, lt=0.5)] = 0.0
    """How far below 1 the label of real images lies (Salimans et al., 2016, 3.4)."""

    probabilities: ClassVar[bool] = True
    guessing: ClassVar[float | None] = 2 * math.log(2)
    boundary: ClassVar[float | None] = 0.0

    def __call__(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> Scalars:
        """Return the mean cross-entropies in nats."""
        real = tf.nn.softplus(-real_logits) + self.label_smoothing * real_logits
        d_loss = tf.reduce_mean(real) + tf.reduce_mean(tf.nn.softplus(fake_logits))
        return d_loss, tf.reduce_mean(tf.nn.softplus(-fake_logits))


@LOSSES.add("least_squares")
class LeastSquares(Loss):
    """Squared distance to the labels (Mao et al., 2017, eq. 9: a = 0, b = c = 1)."""

    name: Literal["least_squares"]
    guessing: ClassVar[float | None] = 0.25
    boundary: ClassVar[float | None] = 0.5

    def __call__(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> Scalars:
        """Return half the mean squared distances; the outputs are compared with the labels."""
        real, fake = tf.square(real_logits - 1.0), tf.square(fake_logits)
        d_loss = 0.5 * (tf.reduce_mean(real) + tf.reduce_mean(fake))
        return d_loss, 0.5 * tf.reduce_mean(tf.square(fake_logits - 1.0))


@LOSSES.add("hinge")
class Hinge(Loss):
    """Margin of 1 for D, the plain mean for G (Miyato et al., 2018, eq. 16 and 17)."""

    name: Literal["hinge"]
    guessing: ClassVar[float | None] = 2.0
    boundary: ClassVar[float | None] = 0.0

    def __call__(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> Scalars:
        """Return how far the margins are missed on average, and minus the mean fake logit."""
        real, fake = tf.nn.relu(1.0 - real_logits), tf.nn.relu(1.0 + fake_logits)
        return tf.reduce_mean(real) + tf.reduce_mean(fake), -tf.reduce_mean(fake_logits)


@LOSSES.add("wasserstein")
class Wasserstein(Loss):
    """Difference of means (Arjovsky et al., 2017); wants a penalty or spectral norm.

    With `penalty: gradient_penalty` of weight 10, `update: alternating`, `critic_steps: 5` and
    Adam 1e-4, 0.5, 0.9 or 0, 0.9 it is the recipe of Gulrajani et al. (2017, algorithm 1).
    """

    name: Literal["wasserstein"]

    def __call__(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> Scalars:
        """Return fake less real for D, minus fake for G."""
        fake = tf.reduce_mean(fake_logits)
        return fake - tf.reduce_mean(real_logits), -fake


@LOSSES.add("relativistic")
class Relativistic(Loss):
    """Real compared with fake, in pairs (Jolicoeur-Martineau, 2019, RpGAN)."""

    name: Literal["relativistic"]
    paired: ClassVar[bool] = True
    guessing: ClassVar[float | None] = math.log(2)

    def __call__(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> Scalars:
        """Return the mean cross-entropies in nats of the margins."""
        margin = real_logits - fake_logits
        return tf.reduce_mean(tf.nn.softplus(-margin)), tf.reduce_mean(tf.nn.softplus(margin))
