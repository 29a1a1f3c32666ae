"""Arrays of unsigned bytes in MATLAB's MAT-files of level 5, compressed or not.

https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf. Not by `scipy.io.loadmat`, which
reads all kinds of objects: cells in cells end the process (scipy 1.15), and a megabyte of zeros
takes a gigabyte of memory.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from convgan.data.unpacking import ZLIB, Unpacked
from convgan.errors import DataError

MAX_MAT_BYTES = 1 << 28  # SVHN's training images have 225 MB
_MAX_SMALL_BYTES = 1 << 24  # of an array, whatever the file's size
_MAX_RATIO = 50
_MAX_VARIABLES = 16
_HEADER_BYTES, _LITTLE_ENDIAN_LEVEL_5 = 128, b"\0\1IM"
_UINT8_DATA, _MATRIX, _COMPRESSED = 2, 14, 15  # kinds of elements
_UINT8_CLASS = 9
_LONGEST_FIELD = 64  # bytes of a variable's flags, sizes or name

Read = Callable[[int], "bytes | bytearray"]


def read_mat(path: Path, names: Sequence[str]) -> list[NDArray[np.uint8]]:
    """Return these variables' arrays, in Fortran order, as MATLAB has them.

    Raises:
        DataError: the file is missing, damaged or of another form, or unpacks to too much.
    """
    found: dict[str, NDArray[np.uint8]] = {}
    try:
        size = path.stat().st_size
        limit = min(MAX_MAT_BYTES, max(_MAX_SMALL_BYTES, _MAX_RATIO * size))
        with path.open("rb") as file:
            if file.read(_HEADER_BYTES)[124:] != _LITTLE_ENDIAN_LEVEL_5:
                raise DataError(f"{path}: is no MAT-file of level 5, little-endian; get it anew")
            for _ in range(_MAX_VARIABLES):
                if file.tell() == size or len(found) == len(names):
                    break
                end = _variable(file, names, limit, found)
                if end > size:
                    raise EOFError("it ends too early")
                file.seek(end)
    except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: cannot be read, get it anew: {error}") from error
    if missing := [name for name in names if name not in found]:
        raise DataError(f"{path}: holds no variable {missing[0]}; get it anew")
    return [found[name] for name in names]


def _variable(
    file: BinaryIO, names: Sequence[str], limit: int, found: dict[str, NDArray[np.uint8]]
) -> int:
    """Read one variable, into `found` if its name is wanted; return where in the file it ends."""

    def read(count: int) -> bytes:
        if len(content := file.read(count)) < count:
            raise EOFError("it ends too early")
        return content

    kind, size = struct.unpack("<II", read(8))
    end: int = file.tell() + size
    from_here: Read = read
    if kind == _COMPRESSED:
        from_here = Unpacked(file, ZLIB).read
        kind, _ = struct.unpack("<II", from_here(8))
    if kind != _MATRIX:
        raise ValueError(f"an element of kind {kind}, expected a matrix, {_MATRIX}")
    flags, sizes, name = (_field(from_here) for _ in range(3))
    if (text := name.decode("latin-1")) in names:
        if text in found:
            raise ValueError(f"the variable {text} is there twice")
        found[text] = _array(from_here, text, flags, sizes, limit)
    return end


def _array(read: Read, name: str, flags: bytes, sizes: bytes, limit: int) -> NDArray[np.uint8]:
    shape = struct.unpack(f"<{len(sizes) // 4}i", sizes)
    kind, size, small = _tag(read)
    if flags[:1] != bytes([_UINT8_CLASS]) or kind != _UINT8_DATA:
        raise ValueError(f"{name} is of class {flags[:1].hex()}, expected unsigned bytes")
    if min(shape, default=0) < 1 or math.prod(shape) != size or size > limit:
        raise ValueError(f"{name} has {size:,} bytes and sizes {shape}, the limit is {limit:,}")
    content = read(size) if small is None else small
    return np.frombuffer(content, np.uint8).reshape(shape, order="F")


def _field(read: Read) -> bytes:
    """Return the data of a short element, and pass over what fills up its last 8 bytes."""
    _, size, small = _tag(read)
    if small is not None:
        return small
    if size > _LONGEST_FIELD:
        raise ValueError(f"a field of {size:,} bytes, expected {_LONGEST_FIELD} or less")
    return bytes(read(size + -size % 8)[:size])


def _tag(read: Read) -> tuple[int, int, bytes | None]:
    """Return an element's kind and size, and its data if that is in the tag itself."""
    tag = read(8)
    kind, size = struct.unpack("<HH", tag[:4])
    if size:
        return kind, size, bytes(tag[4 : 4 + size])
    kind, size = struct.unpack("<II", tag)
    return kind, size, None
