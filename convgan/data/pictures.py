"""Bring pictures to the wanted size and number of channels, by Pillow.

Everything is uint8. A picture is cropped to its central square before it is resized, as in the
DCGAN paper's data (https://arxiv.org/abs/1511.06434), so that nothing is stretched.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from convgan.data.image_set import Dataset, Images, ImageSet
from convgan.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_ARRAY_BYTES = 32 << 30


def fit_dataset(dataset: Dataset, *, size: int | None, channels: int | None) -> Dataset:
    """Both parts with pictures of `size` x `size` and `channels`; None leaves them as they are.

    Raises:
        DataError: the pictures would not fit into memory.
    """
    return Dataset(
        _fit_image_set(dataset.train, size=size, channels=channels),
        _fit_image_set(dataset.test, size=size, channels=channels),
    )


def fit(picture: Image.Image, *, size: int | None, channels: int) -> NDArray[np.uint8]:
    """One picture as uint8 (H, W, C)."""
    picture = _flatten(picture).convert("L" if channels == 1 else "RGB")
    if size is not None and picture.size != (size, size):
        # Crop first: ImageOps.fit would let pixels from beyond the crop into its edges.
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        picture = picture.crop((left, top, left + side, top + side))
        picture = picture.resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(picture, np.uint8).reshape(picture.height, picture.width, channels)


def empty_images(count: int, shape: tuple[int, int, int], name: str) -> Images:
    """Room for `count` pictures of (H, W, C).

    Raises:
        DataError: that is more than any machine this is meant for can hold.
    """
    needed = count * math.prod(shape)
    if needed > MAX_ARRAY_BYTES:
        raise DataError(
            f"{name}: {count:,} pictures of {shape} (height, width, channels) need "
            f"{needed / 2**30:,.0f} GiB of memory, the limit is {MAX_ARRAY_BYTES / 2**30:,.0f}; "
            "set a smaller data.image_size or a data.limit"
        )
    return np.empty((count, *shape), np.uint8)


def _fit_image_set(image_set: ImageSet, *, size: int | None, channels: int | None) -> ImageSet:
    height, width, old_channels = image_set.image_shape
    shape = (size or height, size or width, channels or old_channels)
    if shape == image_set.image_shape:
        return image_set
    images = empty_images(len(image_set), shape, image_set.name)
    for i, image in enumerate(image_set.images):
        picture = Image.fromarray(image[..., 0] if old_channels == 1 else image)
        images[i] = fit(picture, size=size, channels=shape[2])
    return replace(image_set, images=images)


def _flatten(picture: Image.Image) -> Image.Image:
    """Opaque, of 8 bits a channel."""
    if picture.mode.startswith("I"):
        # 16-bit grey; Pillow's own conversion would clip all above 255 to white.
        return Image.fromarray((np.asarray(picture).astype(np.uint32) >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        # Without a background, whatever colour lies hidden below would show.
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture
