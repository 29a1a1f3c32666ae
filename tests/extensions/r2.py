"""A penalty: R2, half the mean squared gradient norm at generated images.

Mescheder et al., 2018, eq. 10.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from convgan.config.kinds import PENALTIES, Penalty
from convgan.lazy import LazyModule

if TYPE_CHECKING:
    import tensorflow as tf
else:
    tf = LazyModule("tensorflow")


@PENALTIES.add("r2")
class R2(Penalty):
    """R1 at the other images."""

    name: Literal["r2"]

    def __call__(
        self,
        discriminator: Callable[[tf.Tensor], tf.Tensor],
        real: tf.Tensor,
        fake: tf.Tensor,
        seed: tf.Tensor,
    ) -> tf.Tensor:
        del real, seed
        with tf.GradientTape() as tape:
            tape.watch(fake)
            logits = tf.reduce_sum(discriminator(fake))
        gradient = tape.gradient(logits, fake)
        return 0.5 * tf.reduce_mean(tf.reduce_sum(tf.square(gradient), axis=[1, 2, 3]))
