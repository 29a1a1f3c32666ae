"""The idx format of MNIST, plain or gzipped: https://yann.lecun.com/exdb/mnist/.

Two zero bytes, a type code, the number of dimensions n, n big-endian 32-bit sizes, the data.
Files may come from anywhere, so nothing in a header is believed before it is checked.
"""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from convgan.errors import DataError

MAX_IDX_BYTES = 1 << 30
# What a gzip file may unpack to whatever its own size: MNIST has 47 MB. Above, its images must
# not shrink more than any do; MNIST's shrink to a fifth, a bomb's zeros to a thousandth.
_MAX_SMALL_BYTES = 1 << 27
_MAX_GZIP_RATIO = 50
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 16
_NDIMS = {b"\0\0\x08\1": 1, b"\0\0\x08\3": 3}  # labels, images
_LONGEST_HEADER = 4 + 4 * 3


def read_idx(path: Path, *, max_bytes: int = MAX_IDX_BYTES) -> NDArray[np.uint8]:
    """Return the array in an idx file of unsigned bytes, gzipped or not (its content tells which).

    Args:
        path: the file.
        max_bytes: the largest array to accept; what a gzip file unpacks to is bounded by it.

    Returns:
        uint8, (N,) for labels or (N, H, W) for images.

    Raises:
        DataError: the file is missing, damaged, too large or not such a file.
    """
    try:
        if not path.is_file():
            raise DataError(f"{path}: there is no such file")
        with path.open("rb") as file:
            pieces: Iterator[bytes] = iter(partial(file.read, _CHUNK), b"")
            if file.read(2) == _GZIP_MAGIC:
                pieces = _unzipped(file)
                unpacked = max(_MAX_SMALL_BYTES, _MAX_GZIP_RATIO * path.stat().st_size)
                max_bytes = min(max_bytes, unpacked)
            file.seek(0)
            return _parse(pieces, path, max_bytes)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read, get it anew: {error}") from error


def idx_sha256(array: NDArray[np.uint8]) -> str:
    """Return the SHA-256 (hex) of the plain idx file that holds this array."""
    digest = hashlib.sha256(bytes([0, 0, 8, array.ndim]))
    digest.update(struct.pack(f">{array.ndim}I", *array.shape))
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _unzipped(file: BinaryIO) -> Iterator[bytes]:
    """Yield what a gzip file of one member holds; at the end its checksum is compared.

    Not gzip.GzipFile, which takes a second for each megabyte of empty members, or of a file
    name in the header.
    """
    member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    while not member.eof:
        packed = member.unconsumed_tail or file.read(_CHUNK)
        if not packed:
            raise EOFError("the compressed data end too early")
        yield member.decompress(packed, _CHUNK)
    if member.unused_data or file.read(1):
        raise zlib.error("something follows the compressed data")


def _parse(pieces: Iterator[bytes], path: Path, max_bytes: int) -> NDArray[np.uint8]:
    """Check the header, then gather no more than it means: memory grows with what arrives."""
    content = bytearray()
    for piece in pieces:
        content += piece
        if len(content) >= _LONGEST_HEADER:
            break
    magic = bytes(content[:4])
    ndim = _NDIMS.get(magic, 0)
    start = 4 + 4 * ndim
    if not ndim or len(content) < start:
        raise DataError(
            f"{path}: is no idx file of unsigned bytes, it begins with {magic.hex()!r}; expected "
            "00000801 for labels or 00000803 for images, and the sizes"
        )
    shape = struct.unpack_from(f">{ndim}I", content, 4)
    size = math.prod(shape)
    if not 0 < size <= max_bytes:
        raise DataError(
            f"{path}: its header gives the sizes {shape}, {size:,} bytes; expected at least 1 and "
            f"no more than the limit of {max_bytes:,}"
        )
    for piece in pieces:
        content += piece
        if len(content) > start + size:
            break
    if len(content) != start + size:
        happened = "ends before" if len(content) < start + size else "goes on after"
        raise DataError(
            f"{path}: {happened} the {size:,} bytes that its header {shape} means; get it anew"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
