"""Decode picture files to one array, once: the array is kept in convgan's cache."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import math
import os
import struct
import warnings
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from convgan.config import DataConfig
from convgan.data.image_set import Images
from convgan.data.picture_files import PictureFile, loose_file
from convgan.data.pictures import check_bytes, check_costs, check_room, fit, is_transparent
from convgan.data.places import convgan_cache
from convgan.errors import DataError, RunError
from convgan.files import replacing

_VERSION = 1  # part of the cache's key: count up when decoding changes
# Named, so that a file's content cannot call one of Pillow's rarer decoders.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
_GREY_MODES = ("1", "L", "LA", "La")
_SHOWN = 10  # of the files that cannot be read
_LONGEST = 500  # letters of what is wrong with one
_THREADS = min(os.cpu_count() or 1, 8)

# Pillow's and zipfile's decoders let through what their parsing of damaged files runs into.
_ERRORS = (
    OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error, zipfile.BadZipFile,
    LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError,
)  # fmt: skip

logger = logging.getLogger("convgan")

Result = TypeVar("Result")


class Decoded(NamedTuple):
    """The pictures that could be read, in their order."""

    images: Images
    """(N, H, W, C); it may be a read-only map of the cached file."""
    bad: dict[int, str]
    """The index of each file that could not, and what is wrong with it."""


def decode(files: Sequence[PictureFile], section: DataConfig) -> Decoded:
    """Return the pictures, of the size and channels that the section asks for.

    Without a size all must have the same one; without `channels` they are 1 if all pictures are
    grey, else 3.

    Raises:
        DataError: a picture is corrupt or suspiciously large and `skip_bad` is not set, or none
            is left, or sizes differ without `image_size`. Names the first ten that are bad.
    """
    cached = convgan_cache() / "decoded" / f"{_key(files, section)}.npy"
    decoded = _load(cached, len(files))
    if decoded is None:
        with _pillow_warnings(), ThreadPoolExecutor(_THREADS) as pool:
            decoded = _decode_into(cached, files, section, pool)
    if decoded.bad:
        lines = [f"{files[i].path} {why}" for i, why in list(decoded.bad.items())[:_SHOWN]]
        more = len(decoded.bad) - len(lines)
        listed = "\n  ".join([*lines, *([f"and {more:,} more"] if more else [])])
        how_many = f"{len(decoded.bad):,} of {len(files):,} pictures"
        if not section.skip_bad or not len(decoded.images):
            advice = "" if section.skip_bad else ", or leave them out with --set data.skip_bad=true"
            raise DataError(f"{how_many} cannot be read:\n  {listed}\nMend or remove them{advice}")
        logger.warning("%s are left out (data.skip_bad):\n  %s", how_many, listed)
    return decoded


def read_picture(path: Path) -> Image.Image:
    """Return one picture file decoded, turned as its camera was held.

    Raises:
        DataError: it is no picture, corrupt or suspiciously large.
    """
    try:
        with _pillow_warnings(), _opened(loose_file(path, path.parent)) as picture:
            turned = ImageOps.exif_transpose(picture)
            turned.load()
            return turned
    except (DataError, OSError) as error:
        raise DataError(f"{path} {error}") from error


def smaller_sides(files: Sequence[PictureFile]) -> list[int]:
    """Return the smaller side of each picture by its header, bad ones left out."""
    sides = []
    with _pillow_warnings():
        for file in files:
            with suppress(DataError), _opened(file, only_header=True) as picture:
                sides.append(min(picture.size))
    return sides


def _decode_into(
    cached: Path, files: Sequence[PictureFile], section: DataConfig, pool: ThreadPoolExecutor
) -> Decoded:
    """Decode into the cache's file or, where that cannot be written, into memory."""
    try:
        with replacing(cached) as part, part.open("wb") as stream:
            bad = _write(stream, files, section, pool)
    except RunError as error:
        logger.warning("the decoded pictures are not kept for the next run: %s", error)
        try:
            memory = io.BytesIO()
            bad = _write(memory, files, section, pool)
            return Decoded(_array_in(memory), bad)
        except MemoryError as failed:
            raise DataError(f"{failed}; set a smaller data.image_size or data.limit") from failed
    decoded = _load(cached, len(files))
    if decoded is None:
        raise DataError(f"{cached} was changed while it was written; try again")
    logger.info(
        "%s: the decoded pictures (%.1f MB) are kept there for the next run; to free the space, "
        "delete %s", cached, cached.stat().st_size / 1e6, cached.parent,
    )  # fmt: skip
    return decoded


def _write(
    stream: BinaryIO, files: Sequence[PictureFile], section: DataConfig, pool: ThreadPoolExecutor
) -> dict[int, str]:
    """Write a .npy file row by row, with what is wrong with the bad files as JSON behind it.

    Returns:
        What is wrong, by index.
    """
    channels = section.channels
    if channels is None:
        channels = 1 if all(_in_order(pool, _may_be_grey, files, "looking")) else 3
    shape: tuple[int, ...] = ()
    bad: dict[int, str] = {}
    transparent, first = 0, 0

    def decoded(file: PictureFile) -> tuple[Images, bool] | str:
        return _decode(file, section, channels)

    for index, row in enumerate(_in_order(pool, decoded, files, "decoding")):
        if isinstance(row, str):
            bad[index] = row[:_LONGEST]
            continue
        image, has_transparency = row
        if not shape:
            shape, first = image.shape, index
            check_room(len(files), shape, str(files[index].path.parent))
            _write_header(stream, len(files), shape)
        elif image.shape != shape:
            one, other = (f"{width}x{height}" for height, width, _ in (shape, image.shape))
            raise DataError(
                f"the pictures differ in size: {files[first].path} is {one}, {files[index].path} "
                f"is {other}; give them one size with --set data.image_size=64"
            )
        stream.write(image.data)
        transparent += has_transparency
    if not shape:
        shape = (1, 1, channels)
        _write_header(stream, 0, shape)
    if bad:
        stream.write(json.dumps(list(bad.items())).encode())
        stream.seek(0)
        _write_header(stream, len(files) - len(bad), shape)
    if transparent:
        logger.info(
            "%s of %s pictures are transparent in places: they are laid on %s (data.background)",
            f"{transparent:,}", f"{len(files):,}", section.background,
        )  # fmt: skip
    return bad


def _array_in(memory: io.BytesIO) -> Images:
    memory.seek(0)
    np.lib.format.read_magic(memory)
    shape, _, _ = np.lib.format.read_array_header_1_0(memory)
    return np.frombuffer(memory.getbuffer(), np.uint8, math.prod(shape), memory.tell()).reshape(
        shape
    )


def _write_header(stream: BinaryIO, count: int, shape: tuple[int, ...]) -> None:
    """NumPy leaves room in it for another count."""
    described = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
    np.lib.format.write_array_header_1_0(stream, described)


def _in_order(
    pool: ThreadPoolExecutor,
    work: Callable[[PictureFile], Result],
    files: Sequence[PictureFile],
    what: str,
) -> Iterator[Result]:
    """Yield what the threads make of each file, in the files' order, and few ahead of that."""
    waiting: deque[Future[Result]] = deque()
    for file in tqdm(files, desc=what, unit="file", disable=None):
        waiting.append(pool.submit(work, file))
        if len(waiting) > 4 * _THREADS:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _may_be_grey(file: PictureFile) -> bool:
    """Return whether a picture's header says so; a bad one has no colour either."""
    try:
        with _opened(file, only_header=True) as picture:
            return picture.mode in _GREY_MODES or picture.mode.startswith("I")
    except DataError:
        return True


def _decode(file: PictureFile, section: DataConfig, channels: int) -> tuple[Images, bool] | str:
    """Return a picture and whether it is transparent in places, or what is wrong with it."""
    try:
        with _opened(file) as picture:
            ImageOps.exif_transpose(picture, in_place=True)
            image = fit(picture, section, size=section.image_size, channels=channels)
            return np.ascontiguousarray(image), is_transparent(picture)
    except DataError as error:
        return str(error)


@contextmanager
def _opened(file: PictureFile, *, only_header: bool = False) -> Iterator[Image.Image]:
    """A picture opened by Pillow, whose many ways to fail, also within, become a DataError.

    It says what is wrong, but not with which file.
    """
    try:
        check_bytes(file.size)
        with file.open() as stream, Image.open(stream, formats=_FORMATS) as picture:
            if not only_header:
                check_costs(picture, stream, file.size)
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
def _pillow_warnings() -> Iterator[None]:
    """Python has one set of filters for all threads, so it is not set within them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as about odd EXIF data
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _key(files: Sequence[PictureFile], section: DataConfig) -> str:
    """Return a hash of what the array depends on: files by name, size and time, and settings."""
    settings: list[Any] = [_VERSION, section.image_size, section.channels]
    if (section.fit, section.background) != ("crop", "white"):
        settings += [section.fit, section.background]
    digest = hashlib.sha256(json.dumps(settings).encode())
    for file in files:
        line = ["/".join(file.parts), file.size, file.modified]
        digest.update(json.dumps(line).encode())
    return digest.hexdigest()


def _load(cached: Path, count: int) -> Decoded | None:
    """Map the array. Not by np.load, which opens archives too."""
    if not cached.is_file():
        return None
    try:
        images = np.lib.format.open_memmap(cached, mode="r")
        found = (images.ndim, images.shape[-1] in (1, 3))
        if images.dtype != np.uint8 or found != (4, True) or len(images) > count:
            raise DataError(f"{images.dtype} {images.shape}, expected {count} pictures of uint8")
        end, missing = images.offset + images.nbytes, count - len(images)
        if not 0 <= cached.stat().st_size - end <= 16 * _LONGEST * missing:
            raise DataError(f"its size is not that of {images.shape}")
        with cached.open("rb") as stream:
            stream.seek(end)
            bad = {int(i): f"{why}" for i, why in json.loads(stream.read() or b"[]")}
        if len(bad) != missing or not bad.keys() <= set(range(count)):
            raise DataError(f"{len(images)} pictures and {len(bad)} bad ones, expected {count}")
        return Decoded(np.asarray(images), bad)
    except Exception as error:  # of the parsers that numpy tries
        logger.warning("%s is damaged (%s); the pictures are decoded anew", cached, error)
        return None
