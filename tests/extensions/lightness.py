"""An augmentation: each image a little lighter or darker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from convgan.config.kinds import AUGMENTATIONS, Augmentation
from convgan.lazy import LazyModule

if TYPE_CHECKING:
    import tensorflow as tf
else:
    tf = LazyModule("tensorflow")


@AUGMENTATIONS.add("lightness")
class Lightness(Augmentation):
    """Add a number uniform in [-amount, amount], and keep the range."""

    name: Literal["lightness"]
    amount: float = 0.2

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        shape = [tf.shape(images)[0], 1, 1, 1]
        added = tf.random.stateless_uniform(shape, seed, -self.amount, self.amount)
        return tf.clip_by_value(images + added, -1.0, 1.0)
