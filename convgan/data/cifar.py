"""CIFAR-10's binary version, packed or unpacked: https://www.cs.toronto.edu/~kriz/cifar.html.

Six files of records: a byte for the label, then 32×32 pixels of red, of green and of blue. The
version that Keras downloads holds pickled objects, which are not opened.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convgan.data.published import Arrays, Published
from convgan.data.unpacking import GZIP, Unpacked
from convgan.errors import DataError

FOLDER = "cifar-10-batches-bin"
BATCHES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
_RECORD_BYTES = 1 + 3 * 32 * 32
_MAX_BYTES = 10_000 * _RECORD_BYTES  # of one of the six
_MAX_SKIPPED = 1 << 24  # between them there are two texts of some bytes
_BLOCK = 512  # bytes that a tar archive is made of


class Cifar10(Published):
    """The archive, or the folder that it unpacks to, of whose files no sums are published."""

    forms = f"the archive, or the folder {FOLDER}/ that it holds"

    def find(self, folder: Path) -> dict[str, Path]:
        """The archive before the folder, which may be this one itself."""
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
        *train, test = _unpacked(path) if path.is_dir() else read_archive(path)
        images, labels = zip(*train, strict=True)
        return np.concatenate(images), np.concatenate(labels), *test


def read_archive(path: Path) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Return the images (N, 32, 32, 3) and labels (N,) of the six batches in a tar.gz file.

    Nothing is written, and members of other names are passed over. Not by `tarfile`, which reads
    as much as an extended header announces.

    Raises:
        DataError: the archive is damaged, or a batch is missing, twice there or of another size.
    """
    batches: dict[str, bytearray] = {}
    try:
        with path.open("rb") as file:
            stream, skipped = Unpacked(file, GZIP), 0
            while len(batches) < len(BATCHES):
                header = stream.read(_BLOCK)
                if not any(header):
                    break
                name, size = _member(path, header)
                if name in batches:
                    raise DataError(f"{path}: holds {name} twice")
                if name in BATCHES:
                    _check_size(path / name, size)
                    batches[name] = stream.read(size)
                    stream.skip(-size % _BLOCK)
                elif (skipped := skipped + size + _BLOCK) > _MAX_SKIPPED:
                    raise DataError(f"{path}: is not CIFAR-10, {name!r:.200} has {size:,} bytes")
                else:
                    stream.skip(size + -size % _BLOCK)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read, get it anew: {error}") from error
    if missing := [name for name in BATCHES if name not in batches]:
        raise DataError(f"{path}: lacks {FOLDER}/{missing[0]}; get it anew")
    return [_images_and_labels(batches.pop(name)) for name in BATCHES]


def _member(path: Path, header: bytearray) -> tuple[str, int]:
    """Return a tar header's name, without its folder if that is CIFAR-10's, and its size."""
    fields = [header[start:end].strip(b"\0 ") for start, end in ((124, 136), (148, 156))]
    total = sum(header) - sum(header[148:156]) + 8 * ord(" ")
    if not all(re.fullmatch(rb"[0-7]+", field) for field in fields) or int(fields[1], 8) != total:
        raise DataError(f"{path}: is no tar archive, it has {bytes(header[:40])!r} for a header")
    name = bytes(header[:100]).rstrip(b"\0").decode("utf-8", "replace").removeprefix("./")
    return name.removeprefix(f"{FOLDER}/"), int(fields[0], 8)


def _unpacked(folder: Path) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    try:
        for name in BATCHES:
            _check_size(folder / name, (folder / name).stat().st_size)
        return [_images_and_labels((folder / name).read_bytes()) for name in BATCHES]
    except OSError as error:
        raise DataError(f"{error.filename or folder}: cannot be read: {error.strerror}") from error


def _check_size(path: Path, size: int) -> None:
    if not 0 < size <= _MAX_BYTES or size % _RECORD_BYTES:
        raise DataError(
            f"{path}: has {size:,} bytes; expected {_RECORD_BYTES:,} for each picture, and no more "
            f"than {_MAX_BYTES // _RECORD_BYTES:,} pictures; get it anew"
        )


def _images_and_labels(content: bytes | bytearray) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    records = np.frombuffer(content, np.uint8).reshape(-1, _RECORD_BYTES)
    # (N, C, H, W) -> (N, H, W, C)
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), records[:, 0].copy()
