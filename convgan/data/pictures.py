"""Bring pictures to the wanted size and number of channels, by Pillow.

Everything is uint8. A picture is cropped to its central square before it is resized, as in the
DCGAN paper's data (https://arxiv.org/abs/1511.06434), so that nothing is stretched.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convgan.data.image_set import Dataset, Images, ImageSet
from convgan.errors import DataError

MAX_ARRAY_BYTES = 32 << 30
# 12 megapixels, for whose copies Pillow needs up to 200 MB; more in a file that has bytes for them,
# as every photograph has: then memory grows with what was given, not with what it says.
_MAX_PIXELS = 4096 * 3072
_PIXELS_PER_BYTE = 32
_MOST_PIXELS = 100_000_000
_WEBP_COPIES = 2  # libwebp holds three copies more
_MAX_FILE_BYTES = 1 << 27
_MAX_SCANS = 100  # of a JPEG; each costs as much as a whole picture, and ten are common
# What ends a JPEG's data: no stuffed zero, no restart, nothing else without a length.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
_JPEG_SCAN, _JPEG_END = b"\xff\xda", b"\xff\xd9"


def fit_dataset(dataset: Dataset, *, size: int | None, channels: int | None) -> Dataset:
    """Return both parts in `size` x `size` and `channels`; None leaves them as they are.

    Raises:
        DataError: the pictures would not fit into memory.
    """
    train, test = (_fit_image_set(part, size, channels) for part in (dataset.train, dataset.test))
    return Dataset(train, test)


def check_costs(path: Path, picture: Image.Image) -> None:
    """Look at an opened picture file before it is decoded.

    Raises:
        DataError: decoding it could take many seconds, or much more memory than its bytes.
    """
    size = path.stat().st_size
    limit = min(max(_MAX_PIXELS, _PIXELS_PER_BYTE * size), _MOST_PIXELS)
    if picture.format == "WEBP":
        limit //= _WEBP_COPIES
    if picture.width * picture.height > limit:
        raise DataError(
            f"{path} is suspiciously large: it has {picture.width}x{picture.height} pixels, "
            f"the limit for its {size:,} bytes is {limit:,}; make it smaller"
        )
    if size > _MAX_FILE_BYTES:
        raise DataError(
            f"{path} is suspiciously large: it has {size:,} bytes, the limit is {_MAX_FILE_BYTES:,}"
        )
    scans = _count_scans(path.read_bytes()) if picture.format in ("JPEG", "MPO") else 1
    if scans > _MAX_SCANS:
        raise DataError(f"{path} has {scans} scans, the limit is {_MAX_SCANS}; save it anew")


def fit(picture: Image.Image, *, size: int | None, channels: int) -> NDArray[np.uint8]:
    """Return one picture as uint8 (H, W, C)."""
    if size is not None:
        picture = _central_square(picture)
    picture = _flatten(picture).convert("L" if channels == 1 else "RGB")
    if size is not None and picture.size != (size, size):
        picture = picture.resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(picture, np.uint8).reshape(picture.height, picture.width, channels)


def empty_images(count: int, shape: tuple[int, int, int], name: str) -> Images:
    """Return room for `count` pictures of (H, W, C).

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
    try:
        return np.empty((count, *shape), np.uint8)
    except MemoryError as error:
        raise DataError(f"{name}: {error}; set a smaller data.image_size or data.limit") from error


def _fit_image_set(image_set: ImageSet, size: int | None, channels: int | None) -> ImageSet:
    height, width, old_channels = image_set.image_shape
    shape = (size or height, size or width, channels or old_channels)
    if shape == image_set.image_shape:
        return image_set
    images = empty_images(len(image_set), shape, image_set.name)
    for i, image in enumerate(image_set.images):
        picture = Image.fromarray(image[..., 0] if old_channels == 1 else image)
        images[i] = fit(picture, size=size, channels=shape[2])
    return replace(image_set, images=images)


def _central_square(picture: Image.Image) -> Image.Image:
    """Cropped before it is resized: ImageOps.fit would let pixels from beyond into the edges."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side))


def _count_scans(jpeg: bytes) -> int:
    scans, position = 0, len(b"\xff\xd8")
    while (marker := _JPEG_MARKER.search(jpeg, position)) and marker[0] != _JPEG_END:
        scans += marker[0] == _JPEG_SCAN
        position = marker.end() + int.from_bytes(jpeg[marker.end() : marker.end() + 2], "big")
    return scans


def _flatten(picture: Image.Image) -> Image.Image:
    """Opaque, of 8 bits per channel."""
    if picture.mode.startswith("I"):
        # 16-bit grey; Pillow's own conversion would clip all above 255 to white.
        return Image.fromarray((np.asarray(picture).astype(np.uint32) >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        # Without a background, whatever colour lies hidden below would show.
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture.convert("RGBA"))
    return picture
