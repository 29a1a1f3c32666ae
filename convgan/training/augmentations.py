"""Random changes of training images that keep their class."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from convgan.config.kinds import AUGMENTATIONS, Augmentation
from convgan.config.section import Fraction
from convgan.lazy import tf
from convgan.replicas import drawn, drawn_uniform

_BEND = 5  # pixels from one random displacement to the next


@AUGMENTATIONS.add("shift")
class Shift(Augmentation):
    """Move each image by up to `pixels` whole pixels each way; its edge fills the gap."""

    name: Literal["shift"]
    pixels: Annotated[int, Field(ge=1, le=16)] = 1

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Return the moved images, (N, H, W, C)."""
        _, height, width, _ = images.shape
        least, most = -self.pixels, self.pixels + 1
        offsets = drawn_uniform(images, [2], seed, least, most, tf.int32)
        images = tf.gather(images, _moved(height, offsets[:, 0]), axis=1, batch_dims=1)
        return tf.gather(images, _moved(width, offsets[:, 1]), axis=2, batch_dims=1)


@AUGMENTATIONS.add("affine")
class Affine(Augmentation):
    """Turn, enlarge or shrink, shear and bend each image; its edges fill what is outside.

    All in one bilinear resampling. The angle is uniform in [-degrees, degrees]; the size is divided
    by a number uniform in [1 - scale, 1 + scale]; a row moves sideways by up to `shear` times its
    distance from the centre. `elastic` is the standard deviation in pixels of a random displacement
    of each pixel, which changes smoothly over some 5 pixels (Simard et al., 2003).
    """

    name: Literal["affine"]
    degrees: Annotated[float, Field(ge=0, le=180)] = 0.0
    scale: Fraction = 0.0
    shear: Fraction = 0.0
    elastic: Annotated[float, Field(ge=0, le=64)] = 0.0

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Return the images, (N, H, W, C)."""
        _, height, width, _ = images.shape
        chance = drawn_uniform(images, [3, 1, 1], seed, -1.0, 1.0)
        angle, factor = math.radians(self.degrees) * chance[:, 0], 1.0 + self.scale * chance[:, 1]
        # From the centre, which stays where it is: (1, H, 1) and (1, 1, W).
        y = tf.range(height, dtype=tf.float32)[None, :, None] - (height - 1) / 2
        x = tf.range(width, dtype=tf.float32)[None, None, :] - (width - 1) / 2
        x += self.shear * chance[:, 2] * y
        rows = factor * (tf.sin(angle) * x + tf.cos(angle) * y) + (height - 1) / 2
        columns = factor * (tf.cos(angle) * x - tf.sin(angle) * y) + (width - 1) / 2
        if self.elastic:
            grid = [-(-height // _BEND), -(-width // _BEND), 2]
            bend = self.elastic * drawn(
                lambda rows: tf.random.stateless_normal([rows, *grid], seed + 1),
                tf.shape(images)[0],
            )
            bend = tf.image.resize(bend, [height, width])
            rows, columns = rows + bend[..., 0], columns + bend[..., 1]
        return _sampled(images, rows, columns)


@AUGMENTATIONS.add("flip")
class Flip(Augmentation):
    """Mirror each image with a probability of a half, left and right exchanged; not for digits."""

    name: Literal["flip"]

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Return the images, some mirrored, (N, H, W, C)."""
        mirrored = drawn_uniform(images, [1, 1, 1], seed) < 0.5
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
        fraction = drawn_uniform(images, [2], seed)
        # The first row and column of the square; the centre is size // 2 further.
        first = tf.cast(fraction * [float(height), float(width)], tf.int32) - self.size // 2
        rows = inside(height, first[:, 0], self.size)[:, :, None, None]
        columns = inside(width, first[:, 1], self.size)[:, None, :, None]
        return tf.where(rows & columns, tf.zeros([], images.dtype), images)


def _moved(size: int, offsets: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(tf.range(size)[None, :] - offsets[:, None], 0, size - 1)


def inside(size: int, first: tf.Tensor, side: int) -> tf.Tensor:
    """Return which of `size` pixels lie among the `side` from `first` (N,) on, bool (N, size)."""
    index = tf.range(size)[None, :] - first[:, None]
    return (index >= 0) & (index < side)


def _sampled(images: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
    """Return images (N, H, W, C) between whose pixels these lie, (N, H, W) each: bilinearly."""
    _, height, width, channels = images.shape
    rows = tf.clip_by_value(rows, 0.0, height - 1.0)
    columns = tf.clip_by_value(columns, 0.0, width - 1.0)
    top, left = tf.floor(rows), tf.floor(columns)
    down, right = (rows - top)[..., None], (columns - left)[..., None]
    top, left = tf.cast(top, tf.int32), tf.cast(left, tf.int32)
    pixels = tf.reshape(images, [-1, channels])
    first = tf.range(tf.shape(images)[0])[:, None, None] * (height * width)

    def at(row: tf.Tensor, column: tf.Tensor) -> tf.Tensor:
        return tf.gather(pixels, first + row * width + column)

    bottom, next_column = tf.minimum(top + 1, height - 1), tf.minimum(left + 1, width - 1)
    upper = at(top, left) * (1 - right) + at(top, next_column) * right
    lower = at(bottom, left) * (1 - right) + at(bottom, next_column) * right
    return upper * (1 - down) + lower * down
