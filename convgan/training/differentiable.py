"""Random changes of all that a discriminator sees, real and generated, with a gradient.

The changes are those of Zhao et al., 2020 ("Differentiable Augmentation for Data-Efficient GAN
Training"); how often they are made may follow the discriminator: Karras et al., 2020 ("Training
Generative Adversarial Networks with Limited Data", ADA).

A change takes images (N, H, W, C) in [-1, 1] and two numbers in [0, 1) for each, `chance`
(N, 2, 1, 1, 1). What leaves [-1, 1] stays so.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import keras
import tensorflow as tf

from convgan.config.training import Augment
from convgan.replicas import drawn_uniform, replica_mean
from convgan.training.augmentations import inside
from convgan.training.task import Logs

_INTERVAL = 4  # steps from one change of p to the next (Karras et al., 2020, section 3)


def diff_augment(
    images: tf.Tensor, config: Augment, seed: tf.Tensor, probability: tf.Tensor | float
) -> tf.Tensor:
    """Make each change of each image with this probability, one after the other.

    Brightness, saturation and contrast are changes of their own. The stateless seed, int64 (2,),
    decides; where the probability is 0, nothing is changed.
    """
    changes: list[Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = []
    if config.color:
        changes += [brightness, saturation, contrast]
    if config.translation:
        changes.append(partial(translation, ratio=config.translation))
    if config.cutout:
        changes.append(partial(cutout, ratio=config.cutout))
    numbers = drawn_uniform(images, [len(changes), 3, 1, 1, 1], seed)
    for index, change in enumerate(changes):
        chance, gate = numbers[:, index, :2], numbers[:, index, 2]
        images = tf.where(gate < probability, change(images, chance), images)
    return images


def brightness(images: tf.Tensor, chance: tf.Tensor) -> tf.Tensor:
    """Return x + b, b uniform in [-0.5, 0.5)."""
    return images + (chance[:, 0] - 0.5)


def saturation(images: tf.Tensor, chance: tf.Tensor) -> tf.Tensor:
    """Return m + s (x - m), m the mean of a pixel's channels, s uniform in [0, 2)."""
    mean = tf.reduce_mean(images, axis=3, keepdims=True)
    return mean + 2.0 * chance[:, 0] * (images - mean)


def contrast(images: tf.Tensor, chance: tf.Tensor) -> tf.Tensor:
    """Return m + c (x - m), m the mean of the image, c uniform in [0.5, 1.5)."""
    mean = tf.reduce_mean(images, axis=[1, 2, 3], keepdims=True)
    return mean + (chance[:, 0] + 0.5) * (images - mean)


def translation(images: tf.Tensor, chance: tf.Tensor, ratio: float) -> tf.Tensor:
    """Move by whole pixels, at most this ratio of the sides; grey, 0, fills the gap."""
    for axis in (1, 2):
        size = images.shape[axis]
        most = int(ratio * size + 0.5)
        first = tf.cast(chance[:, axis - 1, 0, 0] * (2.0 * most + 1.0), tf.int32)  # (N, 1)
        margin = [[most, most] if each == axis else [0, 0] for each in range(4)]
        images = tf.gather(
            tf.pad(images, margin), first + tf.range(size)[None], axis=axis, batch_dims=1
        )
    return images


def cutout(images: tf.Tensor, chance: tf.Tensor, ratio: float) -> tf.Tensor:
    """Set to grey, 0, a rectangle whose sides are this ratio of the image's.

    Its centre is anywhere in the image, so that a part of it may lie outside.
    """
    masks = []
    for axis in (1, 2):
        size = images.shape[axis]
        side = int(ratio * size + 0.5)
        centres = size + 1 - side % 2  # of an even side between the pixels, at both edges, too
        centre = tf.cast(chance[:, axis - 1, 0, 0, 0] * float(centres), tf.int32)
        masks.append(inside(size, centre - side // 2, side))
    mask = masks[0][:, :, None, None] & masks[1][:, None, :, None]
    return tf.where(mask, tf.zeros([], images.dtype), images)


class AdaptiveProbability:
    """ADA's p, from 0 on: up where D is surer of its training images than the target, else down.

    How sure it is, is the mean of r = E[sign D(augmented training images)] over some steps (Karras
    et al., 2020, section 3).
    """

    def __init__(self, config: Augment, batch_size: int) -> None:
        self.target = config.target
        self.change = _INTERVAL * batch_size / config.ramp_images
        self.variables = {
            name: keras.Variable(0.0, dtype="float32", trainable=False, name=name)
            for name in ("augment_p", "augment_signs")
        }
        self.p, self.signs = self.variables.values()

    def follow(self, d_sign: tf.Tensor, step: tf.Tensor) -> Logs:
        """Count this step's r, and after every few of them move p; return p as it was."""
        before = tf.identity(self.p.value)
        signs = self.signs.value + replica_mean(d_sign)
        moved = before + self.change * tf.sign(signs / _INTERVAL - self.target)
        due = step % _INTERVAL == _INTERVAL - 1
        self.p.assign(tf.where(due, tf.clip_by_value(moved, 0.0, 1.0), before))
        self.signs.assign(tf.where(due, 0.0, signs))
        return {"augment_p": before}
