"""SVHN's cropped digits, two MAT-files: http://ufldl.stanford.edu/housenumbers/.

Of level 5, https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf. Not read by
`scipy.io.loadmat`, which opens all kinds of objects: cells in cells end the process (scipy 1.15),
and a megabyte of zeros takes a gigabyte of memory.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from convgan.data.published import Arrays, Published
from convgan.data.unpacking import ZLIB, Unpacked
from convgan.errors import DataError

_MAX_BYTES = 1 << 28  # of an array; the training images have 225 MB
_MAX_SMALL_BYTES, _MAX_RATIO = 1 << 24, 50  # what a file may unpack to, and times its own size
_MAX_VARIABLES = 16
_HEADER_BYTES, _LEVEL_5 = 128, b"\0\1IM"  # little-endian
_UINT8, _MATRIX, _COMPRESSED = 2, 14, 15  # kinds of elements
_UINT8_CLASS = b"\x09"
_LONGEST_FIELD = 64  # bytes of a variable's flags, sizes or name

Read = Callable[[int], "bytes | bytearray"]


class Svhn(Published):
    """Training and test file; the label 10 is the digit 0."""

    forms = "both files as they were downloaded"

    def find(self, folder: Path) -> dict[str, Path]:
        """Those of the two that are there."""
        return {name: folder / name for name in self.files if (folder / name).is_file()}

    def load(self, found: Mapping[str, Path]) -> Arrays:
        """X is (height, width, colours, N), y (N, 1)."""
        arrays = []
        for path in found.values():
            variables = read_mat(path)
            x, y = variables["X"], variables["y"]
            if x.ndim != 4 or y.size != max(y.shape) or not 1 <= y.min() <= y.max() <= 10:
                raise DataError(
                    f"{path}: X is {x.shape} and y {y.shape}, from {y.min()} to {y.max()}; "
                    "expected (32, 32, 3, N) and (N, 1), from 1 to 10; get it anew"
                )
            arrays += [np.ascontiguousarray(x.transpose(3, 0, 1, 2)), y.ravel() % np.uint8(10)]
        return arrays


def read_mat(path: Path) -> dict[str, NDArray[np.uint8]]:
    """Return the arrays X and y, of unsigned bytes, of a MAT-file.

    Raises:
        DataError: the file is missing, damaged or of another form, or unpacks to too much.
    """
    found: dict[str, NDArray[np.uint8]] = {}
    try:
        size = path.stat().st_size
        limit = min(_MAX_BYTES, max(_MAX_SMALL_BYTES, _MAX_RATIO * size))
        with path.open("rb") as file:
            if file.read(_HEADER_BYTES)[124:] != _LEVEL_5:
                raise ValueError("it is no MAT-file of level 5, little-endian")
            for _ in range(_MAX_VARIABLES):
                if len(found) < 2 and file.tell() < size:
                    kind, length = struct.unpack("<II", file.read(8))
                    end = file.tell() + length
                    if end > size:
                        raise EOFError("it ends too early")
                    _read_variable(file, kind, limit, found)
                    file.seek(end)
    except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
        raise DataError(f"{path}: cannot be read, get it anew: {error}") from error
    if missing := [name for name in ("X", "y") if name not in found]:
        raise DataError(f"{path}: lacks the variable {missing[0]}; get it anew")
    return found


def _read_variable(
    file: BinaryIO, kind: int, limit: int, found: dict[str, NDArray[np.uint8]]
) -> None:
    read: Read = file.read
    if kind == _COMPRESSED:
        read = Unpacked(file, ZLIB).read
        kind, _ = struct.unpack("<II", read(8))
    if kind != _MATRIX:
        raise ValueError(f"it has an element of kind {kind}, expected a matrix, {_MATRIX}")
    flags, sizes, name = (_field(read) for _ in range(3))
    if name not in (b"X", b"y"):
        return
    shape = struct.unpack(f"<{len(sizes) // 4}i", sizes)
    kind, size, small = _tag(read)
    if flags[:1] != _UINT8_CLASS or kind != _UINT8:
        raise ValueError(f"{name!r} is of class {flags[:1].hex()}, expected unsigned bytes")
    if min(shape, default=0) < 1 or math.prod(shape) != size or size > limit:
        raise ValueError(f"{name!r} has {size:,} bytes and sizes {shape}, the limit is {limit:,}")
    content = np.frombuffer(read(size) if small is None else small, np.uint8)
    found[name.decode()] = content.reshape(shape, order="F")  # as MATLAB has them


def _field(read: Read) -> bytes:
    """Return the data of a short element, and pass over what fills up its last 8 bytes."""
    _, size, small = _tag(read)
    if size > _LONGEST_FIELD:
        raise ValueError(f"it has a field of {size:,} bytes, expected {_LONGEST_FIELD} or less")
    return bytes(read(size + -size % 8)[:size]) if small is None else small


def _tag(read: Read) -> tuple[int, int, bytes | None]:
    """Return an element's kind and size, and its data if that is in the tag itself."""
    tag = read(8)
    kind, size = struct.unpack("<HH", tag[:4])
    if size:
        return kind, size, bytes(tag[4 : 4 + size])
    return *struct.unpack("<II", tag), None
