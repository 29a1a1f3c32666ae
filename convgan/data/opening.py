"""Picture files that may be hostile, opened by Pillow: each is bounded or refused."""

from __future__ import annotations

import math
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.ExifTags import Base as Tag
from PIL.TiffImagePlugin import TiffImageFile

from convgan.data.picture_files import PictureFile, loose_file
from convgan.errors import DataError

# Named, so that a file's content cannot call one of Pillow's rarer decoders.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
# Of TIFF. Not LZMA and Zstandard, whose decoders allocate what a file announces.
_COMPRESSIONS = (
    "raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "jpeg",
    "tiff_ccitt", "group3", "group4",
)  # fmt: skip
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
# Pillow's and zipfile's decoders let through what their parsing of damaged files runs into.
_ERRORS = (
    OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error, zipfile.BadZipFile,
    LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError,
)  # fmt: skip


def read_picture(path: Path) -> Image.Image:
    """Return one picture file decoded, turned as its camera was held.

    Raises:
        DataError: it is no picture, corrupt or suspiciously large.
    """
    try:
        return decoded_picture(loose_file(path, path.parent))
    except OSError as error:
        raise DataError(f"{path} {error}") from error


def decoded_picture(file: PictureFile) -> Image.Image:
    """Return one picture decoded, as `read_picture`.

    Raises:
        DataError: likewise.
    """
    try:
        with pillow_warnings(), opened(file) as picture:
            turned = ImageOps.exif_transpose(picture)
            turned.load()
            return turned
    except DataError as error:
        raise DataError(f"{file.path} {error}") from error


@contextmanager
def opened(file: PictureFile, *, only_header: bool = False) -> Iterator[Image.Image]:
    """A picture opened by Pillow, whose many ways to fail, also within, become a DataError.

    It says what is wrong, but not with which file. Within `pillow_warnings`.
    """
    try:
        if file.size > _MAX_FILE_BYTES:
            raise DataError(
                f"is suspiciously large: it has {file.size:,} bytes, the limit is "
                f"{_MAX_FILE_BYTES:,}"
            )
        with file.open() as stream, Image.open(stream, formats=_FORMATS) as picture:
            if not only_header:
                _check_costs(picture, stream, file.size)
            yield picture
    except DataError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise DataError(f"is suspiciously large: {error}") from error
    except UnidentifiedImageError as error:
        raise DataError(f"is no picture of {', '.join(_FORMATS)}") from error
    except _ERRORS as error:
        raise DataError(f"is damaged, mend or remove it: {error}") from error


@contextmanager
def pillow_warnings() -> Iterator[None]:
    """Set what Pillow warns of. Python has one set of filters for all threads: not within them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as about odd EXIF data
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _check_costs(picture: Image.Image, stream: BinaryIO, size: int) -> None:
    """Refuse what it could take many seconds to decode, or much more memory than its bytes."""
    limit = min(max(_MAX_PIXELS, _PIXELS_PER_BYTE * size), _MOST_PIXELS)
    limit //= _COPIES.get(picture.format or "", 1)
    width, height = picture.size
    if isinstance(picture, TiffImageFile):
        _check_tiff(picture)
        tile = picture.tag_v2.get(Tag.TileWidth, 0), picture.tag_v2.get(Tag.TileLength, 0)
        width, height = max((width, height), tile, key=math.prod)
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


def _check_tiff(picture: TiffImageFile) -> None:
    """Let through what Pillow decodes rightly and with bounds."""
    tags, mode, compression = picture.tag_v2, picture.mode, picture.info.get("compression")
    bits = tags.get(Tag.BitsPerSample, (1,))
    unsigned = set(tags.get(Tag.SampleFormat, (1,))) == {1} and mode not in ("I", "F")
    white_is_0 = tags.get(Tag.PhotometricInterpretation) == 0
    scaled = not mode.startswith("I;16") or (bits == (16,) and not white_is_0)
    if not (unsigned and scaled and compression in _COMPRESSIONS):
        raise DataError(
            f"is a TIFF of a kind that is not read (mode {mode}, bits {bits}, compression "
            f"{compression}); save it with 8 or 16 unsigned bits, or as PNG"
        )


def _count_scans(jpeg: bytes) -> int:
    scans, position = 0, len(b"\xff\xd8")
    while (marker := _JPEG_MARKER.search(jpeg, position)) and marker[0] != _JPEG_END:
        scans += marker[0] == _JPEG_SCAN
        position = marker.end() + int.from_bytes(jpeg[marker.end() : marker.end() + 2], "big")
    return scans
