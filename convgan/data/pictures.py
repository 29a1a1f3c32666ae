"""Bring pictures to the wanted size and number of channels, by Pillow.

Everything is uint8. Unless another `fit` is asked for, a picture is cropped to its central square
before it is resized, as in the DCGAN paper's data (https://arxiv.org/abs/1511.06434), so that
nothing is stretched.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import (
    BITSPERSAMPLE,
    PHOTOMETRIC_INTERPRETATION,
    SAMPLEFORMAT,
    TILELENGTH,
    TILEWIDTH,
    TiffImageFile,
)

from convgan.config import DataConfig
from convgan.data.image_set import Dataset, ImageSet
from convgan.errors import DataError

MAX_ARRAY_BYTES = 32 << 30
# 12 megapixels, for whose copies Pillow needs up to 200 MB; more in a file that has bytes for them,
# as every photograph has: then memory grows with what was given, not with what it says.
_MAX_PIXELS = 4096 * 3072
_PIXELS_PER_BYTE = 32
_MOST_PIXELS = 100_000_000
_COPIES = {"WEBP": 2, "TIFF": 2}  # libwebp holds three copies more, libtiff strips as large
_MAX_FILE_BYTES = 1 << 27
_MAX_SCANS = 100  # of a JPEG; each costs as much as a whole picture, and ten are common
# What ends a JPEG's data: no stuffed zero, no restart, nothing else without a length.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
_JPEG_SCAN, _JPEG_END = b"\xff\xda", b"\xff\xd9"
# Not LZMA and Zstandard, whose decoders allocate what a file announces.
_TIFF_COMPRESSIONS = (
    "raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "jpeg",
    "tiff_ccitt", "group3", "group4",
)  # fmt: skip


def fit_dataset(dataset: Dataset, section: DataConfig) -> Dataset:
    """Return both parts in the size and channels of the section; None leaves them as they are.

    Raises:
        DataError: the pictures would not fit into memory.
    """
    train, test = (_fit_image_set(part, section) for part in (dataset.train, dataset.test))
    return replace(dataset, train=train, test=test)


def check_bytes(size: int) -> None:
    """Raise a DataError for a picture file of too many bytes, before it is opened."""
    if size > _MAX_FILE_BYTES:
        raise DataError(
            f"is suspiciously large: it has {size:,} bytes, the limit is {_MAX_FILE_BYTES:,}"
        )


def check_costs(picture: Image.Image, stream: BinaryIO, size: int) -> None:
    """Look at a picture that was opened from a file of `size` bytes, before it is decoded.

    Raises:
        DataError: decoding it could take many seconds, or much more memory than its bytes. It says
            what is wrong, but not with which file.
    """
    limit = min(max(_MAX_PIXELS, _PIXELS_PER_BYTE * size), _MOST_PIXELS)
    limit //= _COPIES.get(picture.format or "", 1)
    width, height = picture.size
    if isinstance(picture, TiffImageFile):
        _check_tiff(picture)
        tile = [picture.tag_v2.get(tag, 0) for tag in (TILEWIDTH, TILELENGTH)]
        width, height = max((width, height), (tile[0], tile[1]), key=math.prod)
    if width * height > limit:
        raise DataError(
            f"is suspiciously large: it has {width}x{height} pixels, "
            f"the limit for its {size:,} bytes is {limit:,}; make it smaller"
        )
    if picture.format in ("JPEG", "MPO"):
        position = stream.tell()
        stream.seek(0)
        scans = _count_scans(stream.read())
        stream.seek(position)
        if scans > _MAX_SCANS:
            raise DataError(f"has {scans} scans, the limit is {_MAX_SCANS}; save it anew")


def fit(
    picture: Image.Image, section: DataConfig, *, size: int | None, channels: int
) -> NDArray[np.uint8]:
    """Return one picture of any mode and size as uint8 (H, W, C).

    Args:
        picture: what is read.
        section: says how it becomes square, and on what transparency is laid.
        size: its height and width; None leaves them as they are.
        channels: 1 for grey, 3 for colour.
    """
    if size is not None and section.fit == "crop":
        picture = _central_square(picture)
    picture = _flatten(picture, section.background).convert("L" if channels == 1 else "RGB")
    if size is not None and picture.size != (size, size):
        square, filter_ = (size, size), Image.Resampling.LANCZOS
        if section.fit == "pad":
            picture = ImageOps.pad(picture, square, filter_, section.background)
        else:
            picture = picture.resize(square, filter_)
    return np.asarray(picture, np.uint8).reshape(picture.height, picture.width, channels)


def is_transparent(picture: Image.Image) -> bool:
    """Return whether the background would show anywhere."""
    if picture.mode.startswith("I") or not picture.has_transparency_data:
        return False
    return picture.convert("RGBA").getchannel("A").getextrema()[0] != 255


def check_room(count: int, shape: tuple[int, ...], name: str) -> None:
    """Raise a DataError for more pictures of (H, W, C) than any machine this is meant for holds."""
    needed = count * math.prod(shape)
    if needed > MAX_ARRAY_BYTES:
        raise DataError(
            f"{name}: {count:,} pictures of {shape} (height, width, channels) need "
            f"{needed / 2**30:,.0f} GiB, the limit is {MAX_ARRAY_BYTES / 2**30:,.0f}; "
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


def _check_tiff(picture: TiffImageFile) -> None:
    """Let through what Pillow decodes rightly, with bounds."""
    tags, compression = picture.tag_v2, picture.info.get("compression")
    bits, white_is_0 = tags.get(BITSPERSAMPLE, (1,)), tags.get(PHOTOMETRIC_INTERPRETATION) == 0
    unsigned = set(tags.get(SAMPLEFORMAT, (1,))) == {1} and picture.mode not in ("I", "F")
    scaled = not picture.mode.startswith("I;16") or (bits == (16,) and not white_is_0)
    if not (unsigned and scaled and compression in _TIFF_COMPRESSIONS):
        raise DataError(
            f"is a TIFF of a kind that is not read (mode {picture.mode}, bits {bits}, compression "
            f"{compression}); save it with 8 or 16 unsigned bits, or as PNG"
        )


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
