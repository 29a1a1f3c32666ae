"""CIFAR-10's binary version, packed or unpacked: https://www.cs.toronto.edu/~kriz/cifar.html.

Six files of records: a byte for the label, then 32×32 pixels of red, of green and of blue. The
version that Keras downloads holds pickled objects, which are not opened.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convgan.data.published import Arrays, Published
from convgan.data.unpacking import GZIP, Unpacked
from convgan.errors import DataError

FOLDER = "cifar-10-batches-bin"
BATCHES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
_RECORD_BYTES, _MOST_RECORDS = 1 + 3 * 32 * 32, 10_000
_MAX_OTHERS = 1 << 24  # bytes of other files before the last of the six: two short texts
_BLOCK = 512  # bytes that a tar archive is made of
_NUMBERS = ((124, 136), (148, 156))  # where its headers have a size and their own checksum


class Cifar10(Published):
    """The archive, or the folder that it unpacks to, of whose files no sums are published."""

    forms = f"the archive, or the folder {FOLDER}/ that it holds"

    def find(self, folder: Path) -> dict[str, Path]:
        """The archive, else the folder, which may be this one itself."""
        (name,) = self.files
        if (folder / name).is_file():
            return {name: folder / name}
        for path in (folder / FOLDER, folder):
            if any((path / batch).is_file() for batch in BATCHES):
                return {name: path}
        return {}

    def load(self, found: Mapping[str, Path]) -> Arrays:
        """Five batches for training, one for the test."""
        (path,) = found.values()
        *train, test = read_batches(path)
        images, labels = zip(*train, strict=True)
        return np.concatenate(images), np.concatenate(labels), *test


def read_batches(path: Path) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Return the images (N, 32, 32, 3) and labels (N,) of the six batches.

    Raises:
        DataError: the archive or a file is damaged; a batch is missing, there twice or of no
            whole records.
    """
    batches, others = dict[str, "bytes | bytearray"](), 0
    try:
        for name, size, read in _members(path):
            if name in batches:
                raise ValueError(f"it holds {name} twice")
            if name in BATCHES:
                if size % _RECORD_BYTES or not 0 < size <= _RECORD_BYTES * _MOST_RECORDS:
                    raise ValueError(
                        f"{name} has {size:,} bytes; expected {_RECORD_BYTES:,} for each picture, "
                        f"and no more than {_MOST_RECORDS:,} pictures"
                    )
                batches[name] = read(size)
            elif (others := others + size + _BLOCK) > _MAX_OTHERS:
                raise ValueError(f"{name!r:.200} has {size:,} bytes, and is not of CIFAR-10")
            else:
                read(size)
            if len(batches) == len(BATCHES):
                break
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise DataError(f"{path}: cannot be read, get it anew: {error}") from error
    if missing := [name for name in BATCHES if name not in batches]:
        raise DataError(f"{path}: lacks {FOLDER}/{missing[0]}; get it anew")
    return [_images_and_labels(batches.pop(name)) for name in BATCHES]


def _members(path: Path) -> Iterator[tuple[str, int, Callable[[int], bytes | bytearray]]]:
    """Yield name, size and reader of the six files in a folder, or of each in a tar.gz archive.

    Not by `tarfile`, which reads as much as an extended header announces.
    """
    if path.is_dir():
        for name in BATCHES:
            with (path / name).open("rb") as file:
                yield name, os.fstat(file.fileno()).st_size, file.read
        return
    with path.open("rb") as file:
        stream = Unpacked(file, GZIP)
        while any(header := stream.read(_BLOCK)):
            size, checksum = (header[start:end].strip(b"\0 ") for start, end in _NUMBERS)
            total = sum(header) - sum(header[slice(*_NUMBERS[1])]) + 8 * ord(" ")
            if not re.fullmatch(rb"[0-7]+", size) or checksum.lstrip(b"0") != b"%o" % total:
                raise ValueError(f"no tar archive has {bytes(header[:40])!r} for a header")
            name = bytes(header[:100]).rstrip(b"\0").decode("utf-8", "replace")
            yield name.removeprefix("./").removeprefix(f"{FOLDER}/"), int(size, 8), stream.read
            stream.read(-int(size, 8) % _BLOCK)


def _images_and_labels(content: bytes | bytearray) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    records = np.frombuffer(content, np.uint8).reshape(-1, _RECORD_BYTES)
    # (N, C, H, W) -> (N, H, W, C)
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), records[:, 0].copy()
