"""Decode picture files to one array, once: the array is kept in convgan's cache."""

from __future__ import annotations

import hashlib
import json
import logging
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from convgan.data.image_set import Images
from convgan.data.pictures import check_costs, empty_images, fit
from convgan.data.places import convgan_cache
from convgan.errors import DataError, RunError
from convgan.files import replacing

_VERSION = 1  # part of the cache's key: count up when decoding changes
# Named, so that a file's content cannot call one of Pillow's rarer decoders.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
_GREY_MODES = ("1", "L", "LA", "La")
_EXIF_TURNED = range(5, 9)  # these orientations exchange width and height

# Pillow's decoders let through what their parsing of damaged files runs into.
_PILLOW_ERRORS = (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error, IndexError)

logger = logging.getLogger("convgan")


def decode(root: Path, paths: Sequence[Path], *, size: int | None, channels: int | None) -> Images:
    """Return the pictures below `root`, in this order, cropped and resized to `size` x `size`.

    Without a size all must have the same one; without `channels` they are 1 if all pictures are
    grey, else 3. The array (N, H, W, C) may be a read-only map of the cached file.

    Raises:
        DataError: a picture is corrupt or suspiciously large, or sizes differ without `size`.
    """
    cached = convgan_cache() / "decoded" / f"{_key(root, paths, size, channels)}.npy"
    images = _load(cached, len(paths))
    if images is None:
        images = _decode(paths, size, channels)
        _save(cached, images)
    return images


def read_picture(path: Path) -> Image.Image:
    """Return one picture file decoded, turned as its camera was held.

    Raises:
        DataError: it is no picture, corrupt or suspiciously large.
    """
    with _opened(path) as picture:
        check_costs(path, picture)
        turned = ImageOps.exif_transpose(picture)
        turned.load()
        return turned


def _decode(paths: Sequence[Path], size: int | None, channels: int | None) -> Images:
    forms = [_survey(path) for path in tqdm(paths, desc="looking", unit="file", disable=None)]
    if channels is None:
        channels = 1 if all(grey for *_, grey in forms) else 3
    first_width, first_height, _ = forms[0]
    for path, (width, height, _) in zip(paths, forms, strict=True):
        if size is None and (width, height) != (first_width, first_height):
            raise DataError(
                f"the pictures differ in size: {paths[0]} is {first_width}x{first_height}, "
                f"{path} is {width}x{height}; give them one size with --set data.image_size=64"
            )
    shape = (size or first_height, size or first_width, channels)
    images = empty_images(len(paths), shape, str(paths[0].parent))
    for i, path in enumerate(tqdm(paths, desc="decoding", unit="file", disable=None)):
        with _opened(path) as picture:
            ImageOps.exif_transpose(picture, in_place=True)
            images[i] = fit(picture, size=size, channels=channels)
    return images


def _survey(path: Path) -> tuple[int, int, bool]:
    """Return what a picture's header says: width, height, and whether it is grey."""
    with _opened(path) as picture:
        check_costs(path, picture)  # before the EXIF data, which lie behind a PNG's pixels
        width, height = picture.size
        if picture.getexif().get(ExifTags.Base.Orientation) in _EXIF_TURNED:
            width, height = height, width
        return width, height, picture.mode in _GREY_MODES or picture.mode.startswith("I")


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """A picture file opened by Pillow, whose many ways to fail, also within, become a DataError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as about odd EXIF data
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=_FORMATS) as picture:
                yield picture
        except DataError:
            raise
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise DataError(f"{path} is suspiciously large: {error}") from error
        except UnidentifiedImageError as error:
            raise DataError(f"{path} is no picture of {', '.join(_FORMATS)}") from error
        except _PILLOW_ERRORS as error:
            raise DataError(f"{path} is damaged, mend or remove it: {error}") from error


def _key(root: Path, paths: Sequence[Path], size: int | None, channels: int | None) -> str:
    """Return a hash of what the array depends on: files by name, size and time, and settings."""
    digest = hashlib.sha256(json.dumps([_VERSION, size, channels]).encode())
    for path in paths:
        stat = path.stat()
        line = [path.relative_to(root).as_posix(), stat.st_size, stat.st_mtime_ns]
        digest.update(json.dumps(line).encode())
    return digest.hexdigest()


def _load(cached: Path, count: int) -> Images | None:
    """Map the array. Not by np.load, which opens archives too."""
    if not cached.is_file():
        return None
    try:
        images = np.lib.format.open_memmap(cached, mode="r")
        found = (images.ndim, len(images), images.shape[-1] in (1, 3))
        if images.dtype != np.uint8 or found != (4, count, True):
            raise DataError(f"{images.dtype} {images.shape}, expected {count} pictures of uint8")
        if images.offset + images.nbytes != cached.stat().st_size:
            raise DataError(f"its size is not that of {images.shape}")
        return np.asarray(images)
    except Exception as error:  # of the parsers that numpy tries
        logger.warning("%s is damaged (%s); the pictures are decoded anew", cached, error)
        return None


def _save(cached: Path, images: Images) -> None:
    """Keep the array, or say why not: the run can go on without."""
    try:
        with replacing(cached) as part:
            np.save(part, images, allow_pickle=False)
    except RunError as error:
        logger.warning("the decoded pictures are not kept for the next run: %s", error)
