"""Adversarial losses: (real_logits, fake_logits) to (d_loss, g_loss), in one table.

Each takes the discriminator's logits for real and generated pictures, both (N, 1), and
returns two scalars, the means over the batch that each network makes small. A discriminator
says 1 for real and 0 for fake: its logit is high for real.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

AdversarialLoss = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def non_saturating(
    real_logits: tf.Tensor, fake_logits: tf.Tensor, *, label_smoothing: float = 0.0
) -> tuple[tf.Tensor, tf.Tensor]:
    """Binary cross-entropy; G maximises log D(G(z)) (Goodfellow et al., 2014, section 3).

    With smoothing s the label of real pictures is 1 - s (Salimans et al., 2016, 3.4).
    """
    real = tf.nn.softplus(-real_logits) + label_smoothing * real_logits
    d_loss = tf.reduce_mean(real) + tf.reduce_mean(tf.nn.softplus(fake_logits))
    return d_loss, tf.reduce_mean(tf.nn.softplus(-fake_logits))


def least_squares(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Squared distance to the labels (Mao et al., 2017, eq. 9: a = 0, b = c = 1)."""
    d_loss = tf.reduce_mean(tf.square(real_logits - 1.0)) + tf.reduce_mean(tf.square(fake_logits))
    return 0.5 * d_loss, 0.5 * tf.reduce_mean(tf.square(fake_logits - 1.0))


def hinge(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Margin of 1 for D, the plain mean for G (Miyato et al., 2018, eq. 16 and 17)."""
    d_loss = tf.reduce_mean(tf.nn.relu(1.0 - real_logits)) + tf.reduce_mean(
        tf.nn.relu(1.0 + fake_logits)
    )
    return d_loss, -tf.reduce_mean(fake_logits)


def wasserstein(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Difference of means (Arjovsky et al., 2017); wants a penalty or spectral norm."""
    d_loss = tf.reduce_mean(fake_logits) - tf.reduce_mean(real_logits)
    return d_loss, -tf.reduce_mean(fake_logits)


def relativistic(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Real judged against fake, in pairs (Jolicoeur-Martineau, 2019, RpGAN)."""
    margin = real_logits - fake_logits
    return tf.reduce_mean(tf.nn.softplus(-margin)), tf.reduce_mean(tf.nn.softplus(margin))


LOSSES: dict[str, AdversarialLoss] = {
    "non_saturating": non_saturating,
    "least_squares": least_squares,
    "hinge": hinge,
    "wasserstein": wasserstein,
    "relativistic": relativistic,
}

PAIRED = {"relativistic"}  # whose g_loss looks at the real logits too
