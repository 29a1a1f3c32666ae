"""Decode picture files to one array, once: the array is kept in convgan's cache.

It is a .npy file, written row by row and read as a map, so that no memory holds it; behind the
array stands, as JSON, which files could not be read.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import math
import mmap
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import numpy as np
from PIL import ImageOps
from tqdm import tqdm

from convgan.config import DataConfig
from convgan.data.image_set import Images
from convgan.data.opening import opened, pillow_warnings
from convgan.data.picture_files import PictureFile
from convgan.data.pictures import check_room, fit, is_transparent
from convgan.data.places import convgan_cache
from convgan.errors import DataError, RunError
from convgan.files import replacing

_VERSION = 1  # part of the cache's key: count up when decoding changes
_GREY_MODES = ("1", "L", "LA", "La")
_SHOWN = 10  # of the files that cannot be read
_LONGEST = 500  # letters of what is wrong with one
_THREADS = min(os.cpu_count() or 1, 8)

logger = logging.getLogger("convgan")

Result = TypeVar("Result")


class Decoded(NamedTuple):
    """The pictures that could be read, in their order."""

    images: Images
    """(N, H, W, C), read-only."""
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
    decoded = _load(cached, len(files)) or _decode(cached, files, section)
    if decoded.bad:
        lines = [f"{files[i].path} {why}" for i, why in list(decoded.bad.items())[:_SHOWN]]
        if more := len(decoded.bad) - len(lines):
            lines.append(f"and {more:,} more")
        listed = "\n  ".join(lines)
        how_many = f"{len(decoded.bad):,} of {len(files):,} pictures"
        if not section.skip_bad or not len(decoded.images):
            advice = "" if section.skip_bad else ", or leave them out with --set data.skip_bad=true"
            raise DataError(f"{how_many} cannot be read:\n  {listed}\nMend or remove them{advice}")
        logger.warning("%s are left out (data.skip_bad):\n  %s", how_many, listed)
    return decoded


def smaller_sides(files: Sequence[PictureFile]) -> list[int]:
    """Return the smaller side of each picture by its header, bad ones left out."""
    sides = []
    with pillow_warnings():
        for file in files:
            with suppress(DataError), opened(file, only_header=True) as picture:
                sides.append(min(picture.size))
    return sides


def _decode(cached: Path, files: Sequence[PictureFile], section: DataConfig) -> Decoded:
    """Decode into the cache's file or, where that cannot be written, into memory."""
    with pillow_warnings(), ThreadPoolExecutor(_THREADS) as pool:
        try:
            with replacing(cached) as part, part.open("wb") as stream:
                _write(stream, files, section, pool)
        except RunError as error:
            logger.warning("the decoded pictures are not kept for the next run: %s", error)
            memory = io.BytesIO()
            try:
                _write(memory, files, section, pool)
            except MemoryError as failed:
                raise DataError(f"{failed}; set a smaller data.image_size, data.limit") from failed
            return _parse(memory.getbuffer(), len(files))
    logger.info(
        "%s: the decoded pictures (%.1f MB) are kept there for the next run; to free the space, "
        "delete %s", cached, cached.stat().st_size / 1e6, cached.parent,
    )  # fmt: skip
    return _parse(_mapped(cached), len(files))


def _write(
    stream: BinaryIO, files: Sequence[PictureFile], section: DataConfig, pool: ThreadPoolExecutor
) -> None:
    channels = section.channels
    if channels is None:
        channels = 1 if all(_in_order(pool, _may_be_grey, files, "looking")) else 3
    shape: tuple[int, ...] = ()
    bad: dict[int, str] = {}
    transparent, first = 0, 0

    def row_of(file: PictureFile) -> tuple[Images, bool] | str:
        return _row(file, section, channels)

    for index, row in enumerate(_in_order(pool, row_of, files, "decoding")):
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
        _write_header(stream, 0, (1, 1, channels))
    elif bad:
        stream.seek(0)
        _write_header(stream, len(files) - len(bad), shape)
        stream.seek(0, os.SEEK_END)
    stream.write(json.dumps(list(bad.items())).encode() if bad else b"")
    if transparent:
        logger.info(
            "%s of %s pictures are transparent in places: they are laid on %s (data.background)",
            f"{transparent:,}", f"{len(files):,}", section.background,
        )  # fmt: skip


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
        with opened(file, only_header=True) as picture:
            return picture.mode in _GREY_MODES or picture.mode.startswith("I")
    except DataError:
        return True


def _row(file: PictureFile, section: DataConfig, channels: int) -> tuple[Images, bool] | str:
    """Return a picture and whether it is transparent in places, or what is wrong with it."""
    try:
        with opened(file) as picture:
            ImageOps.exif_transpose(picture, in_place=True)
            image = fit(picture, section, size=section.image_size, channels=channels)
            return np.ascontiguousarray(image), is_transparent(picture)
    except DataError as error:
        return str(error)


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
    if not cached.is_file():
        return None
    try:
        return _parse(_mapped(cached), count)
    except Exception as error:  # of the parsers that numpy tries
        logger.warning("%s is damaged (%s); the pictures are decoded anew", cached, error)
        return None


def _mapped(cached: Path) -> mmap.mmap:
    with cached.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _parse(content: mmap.mmap | memoryview, count: int) -> Decoded:
    """Not by np.load, which opens archives too."""
    head = io.BytesIO(content[:1000])
    np.lib.format.read_magic(head)
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(head)
    end = head.tell() + math.prod(shape)
    if dtype != np.uint8 or fortran or len(shape) != 4 or shape[3] not in (1, 3):
        raise DataError(f"{dtype} {shape}, expected {count} pictures of uint8")
    if not end <= len(content) <= end + 16 * _LONGEST * max(0, count - shape[0]):
        raise DataError(f"its size is not that of {shape}, expected {count} pictures")
    bad = {int(i): str(why) for i, why in json.loads(bytes(content[end:]) or b"[]")}
    if len(bad) != count - shape[0] or not bad.keys() <= set(range(count)):
        raise DataError(f"{shape[0]} pictures and {len(bad)} bad ones, expected {count}")
    images = np.frombuffer(content, np.uint8, math.prod(shape), head.tell()).reshape(shape)
    return Decoded(images, bad)
