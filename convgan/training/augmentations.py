"""Random changes of training images that keep their class."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from convgan.config.kinds import AUGMENTATIONS, Augmentation
from convgan.config.section import Fraction
from convgan.lazy import LazyModule

if TYPE_CHECKING:
    import tensorflow as tf
else:
    tf = LazyModule("tensorflow")


@AUGMENTATIONS.add("shift")
class Shift(Augmentation):
    """Move each image by up to `pixels` whole pixels each way; its edge fills the gap."""

    name: Literal["shift"]
    pixels: Annotated[int, Field(ge=1, le=16)] = 1

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Return the moved images, (N, H, W, C)."""
        _, height, width, _ = images.shape
        offsets = tf.random.stateless_uniform(
            [_count(images), 2], seed, minval=-self.pixels, maxval=self.pixels + 1, dtype=tf.int32
        )
        images = tf.gather(images, _moved(height, offsets[:, 0]), axis=1, batch_dims=1)
        return tf.gather(images, _moved(width, offsets[:, 1]), axis=2, batch_dims=1)


@AUGMENTATIONS.add("affine")
class Affine(Augmentation):
    """Turn each image about its centre, and enlarge or shrink it; its edges fill what is outside.

    The angle is uniform in [-degrees, degrees]; the size is divided by a number uniform in
    [1 - scale, 1 + scale].
    """

    name: Literal["affine"]
    degrees: Annotated[float, Field(ge=0, le=180)] = 0.0
    scale: Fraction = 0.0

    xla: ClassVar[bool] = False

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Return the images resampled once, bilinearly, (N, H, W, C)."""
        _, height, width, _ = images.shape
        chance = tf.random.stateless_uniform([_count(images), 2], seed, minval=-1.0, maxval=1.0)
        angle, factor = math.radians(self.degrees) * chance[:, 0], 1.0 + self.scale * chance[:, 1]
        cosine, sine, zero = factor * tf.cos(angle), factor * tf.sin(angle), tf.zeros_like(angle)
        x, y = (width - 1) / 2, (height - 1) / 2  # the centre stays where it is
        from_column = (cosine, -sine, x - cosine * x + sine * y)
        from_row = (sine, cosine, y - sine * x - cosine * y)
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=images,
            transforms=tf.stack([*from_column, *from_row, zero, zero], axis=1),
            output_shape=[height, width],
            fill_value=0.0,
            interpolation="BILINEAR",
            fill_mode="NEAREST",
        )


@AUGMENTATIONS.add("flip")
class Flip(Augmentation):
    """Mirror each image with a probability of a half, left and right exchanged; not for digits."""

    name: Literal["flip"]

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Return the images, some mirrored, (N, H, W, C)."""
        mirrored = tf.random.stateless_uniform([_count(images), 1, 1, 1], seed) < 0.5
        return tf.where(mirrored, images[:, :, ::-1], images)


@AUGMENTATIONS.add("cutout")
class Cutout(Augmentation):
    """Set a square of `size` pixels to 0, the middle grey (DeVries and Taylor, 2017).

    Its centre is anywhere in the image, so that a part of it may lie outside.
    """

    name: Literal["cutout"]
    size: Annotated[int, Field(ge=1, le=512)] = 8

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Return the images with their squares, (N, H, W, C)."""
        _, height, width, _ = images.shape
        fraction = tf.random.stateless_uniform([_count(images), 2], seed)
        # The first row and column of the square; the centre is size // 2 further.
        first = tf.cast(fraction * [float(height), float(width)], tf.int32) - self.size // 2
        rows = _inside(height, first[:, 0], self.size)[:, :, None, None]
        columns = _inside(width, first[:, 1], self.size)[:, None, :, None]
        return tf.where(rows & columns, tf.zeros([], images.dtype), images)


def _count(images: tf.Tensor) -> tf.Tensor | int:
    count: int | None = images.shape[0]
    return tf.shape(images)[0] if count is None else count


def _moved(size: int, offsets: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(tf.range(size)[None, :] - offsets[:, None], 0, size - 1)


def _inside(size: int, first: tf.Tensor, side: int) -> tf.Tensor:
    index = tf.range(size)[None, :] - first[:, None]
    return (index >= 0) & (index < side)
