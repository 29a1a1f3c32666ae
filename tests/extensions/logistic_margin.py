"""A loss: the non-saturating one with a margin that D must keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from convgan.config.kinds import LOSSES, Loss
from convgan.lazy import LazyModule

if TYPE_CHECKING:
    import tensorflow as tf
else:
    tf = LazyModule("tensorflow")


@LOSSES.add("logistic_margin")
class LogisticMargin(Loss):
    """Cross-entropy of logits that lie `margin` nearer to 0 for D."""

    name: Literal["logistic_margin"]
    margin: Annotated[float, Field(ge=0)] = 0.5

    def __call__(
        self, real_logits: tf.Tensor, fake_logits: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        real = tf.nn.softplus(self.margin - real_logits)
        fake = tf.nn.softplus(self.margin + fake_logits)
        d_loss = tf.reduce_mean(real) + tf.reduce_mean(fake)
        return d_loss, tf.reduce_mean(tf.nn.softplus(-fake_logits))
