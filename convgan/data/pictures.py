"""Bring pictures to the wanted size and number of channels, by Pillow.

Everything is uint8. Unless another `fit` is asked for, a picture is cropped to its central square
before it is resized, as in the DCGAN paper's data (https://arxiv.org/abs/1511.06434), so that
nothing is stretched.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from convgan.config import DataConfig
from convgan.data.image_set import Dataset, ImageSet
from convgan.errors import DataError

MAX_ARRAY_BYTES = 32 << 30


def fit_dataset(dataset: Dataset, section: DataConfig) -> Dataset:
    """Return both parts in the size and channels of the section; None leaves them as they are.

    Raises:
        DataError: the pictures would not fit into memory.
    """
    train, test = (_fit_image_set(part, section) for part in (dataset.train, dataset.test))
    return replace(dataset, train=train, test=test)


def fit(
    picture: Image.Image, section: DataConfig, *, size: int | None, channels: int
) -> NDArray[np.uint8]:
    """Return one picture of any mode as uint8 (H, W, C), square if it is given a size.

    How, and on what its transparency is laid, `section.fit` and `section.background` say.
    """
    if size is not None and section.fit == "crop":
        picture = _central_square(picture)
    picture = _flatten(picture, section.background).convert("L" if channels == 1 else "RGB")
    if size is not None and picture.size != (size, size):
        square, lanczos = (size, size), Image.Resampling.LANCZOS
        if section.fit == "pad":
            picture = ImageOps.pad(picture, square, lanczos, section.background)
        else:
            picture = picture.resize(square, lanczos)
    return np.asarray(picture, np.uint8).reshape(picture.height, picture.width, channels)


def is_transparent(picture: Image.Image) -> bool:
    """Return whether the background would show anywhere."""
    if picture.mode.startswith("I") or not picture.has_transparency_data:
        return False
    return bool(picture.convert("RGBA").getchannel("A").getextrema()[0] != 255)


def check_room(count: int, shape: tuple[int, ...], name: str) -> None:
    """Raise a DataError for more pictures of (H, W, C) than any machine this is meant for holds."""
    needed = count * math.prod(shape)
    if needed > MAX_ARRAY_BYTES:
        raise DataError(
            f"{name}: {count:,} pictures of {shape} (height, width, channels) need "
            f"{needed / 2**30:,.0f} GiB of memory, the limit is {MAX_ARRAY_BYTES / 2**30:,.0f}; "
            "set a smaller data.image_size or a data.limit"
        )


def _fit_image_set(image_set: ImageSet, section: DataConfig) -> ImageSet:
    height, width, old_channels = image_set.image_shape
    size, channels = section.image_size, section.channels or old_channels
    shape = (size or height, size or width, channels)
    if shape == image_set.image_shape:
        return image_set
    check_room(len(image_set), shape, image_set.name)
    try:
        images = np.empty((len(image_set), *shape), np.uint8)
    except MemoryError as error:
        raise DataError(f"{image_set.name}: {error}; set a smaller data.image_size") from error
    for i, image in enumerate(image_set.images):
        picture = Image.fromarray(image[..., 0] if old_channels == 1 else image)
        images[i] = fit(picture, section, size=size, channels=channels)
    return replace(image_set, images=images)


def _central_square(picture: Image.Image) -> Image.Image:
    """Cropped before it is resized: ImageOps.fit would let pixels from beyond into the edges."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side))


def _flatten(picture: Image.Image, background: str) -> Image.Image:
    """Opaque, of 8 bits per channel."""
    if picture.mode.startswith("I"):
        # 16-bit grey; Pillow's own conversion would clip all above 255 to white.
        return Image.fromarray((np.asarray(picture).astype(np.uint32) >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        # Without a background, whatever colour lies hidden below would show.
        below = Image.new("RGBA", picture.size, background)
        return Image.alpha_composite(below, picture.convert("RGBA"))
    return picture
