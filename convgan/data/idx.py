"""The idx format of MNIST, plain or gzipped: https://yann.lecun.com/exdb/mnist/.

Two zero bytes, a type code, the number of dimensions n, n big-endian 32-bit sizes, the data.
Files may come from anywhere, so nothing in a header is believed before it is checked.
"""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convgan.errors import DataError

MAX_IDX_BYTES = 1 << 30
# What a gzip file may unpack to whatever its own size: MNIST has 47 MB. Above, its images must
# not shrink more than any do; MNIST's shrink to a fifth, a bomb's zeros to a thousandth.
_MAX_SMALL_BYTES = 1 << 27
_MAX_GZIP_RATIO = 50
_GZIP_MAGIC = b"\x1f\x8b"
_NDIMS = {b"\0\0\x08\1": 1, b"\0\0\x08\3": 3}  # labels, images
_LONGEST_HEADER = 4 + 4 * 3


def read_idx(path: Path, *, max_bytes: int = MAX_IDX_BYTES) -> NDArray[np.uint8]:
    """Return the uint8 array in an idx file, gzipped or not: labels (N,) or images (N, H, W).

    Raises:
        DataError: the file is missing, damaged, no such file, or has more than `max_bytes`.
    """
    try:
        if not path.is_file():
            raise DataError(f"{path}: there is no such file")
        if (size := path.stat().st_size) > max_bytes + (1 << 16):
            raise DataError(f"{path}: has {size:,} bytes, the limit is {max_bytes:,}")
        content = path.read_bytes()
        if content.startswith(_GZIP_MAGIC):
            content = _unzipped(path, content, max_bytes)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read, get it anew: {error}") from error
    shape = _shape(path, content, max_bytes)
    begin, size = _extent(shape)
    if len(content) != begin + size:
        happened = "ends before" if len(content) < begin + size else "goes on after"
        raise DataError(
            f"{path}: {happened} the {size:,} bytes that its header {shape} means; get it anew"
        )
    return np.frombuffer(content, np.uint8, offset=begin).reshape(shape)


def idx_sha256(array: NDArray[np.uint8]) -> str:
    """Return the SHA-256 (hex) of the plain idx file that holds this array."""
    digest = hashlib.sha256(bytes([0, 0, 8, array.ndim]))
    digest.update(struct.pack(f">{array.ndim}I", *array.shape))
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _unzipped(path: Path, packed: bytes, max_bytes: int) -> bytes:
    """Unpack no more than the header means, and one byte: memory grows with what is there."""
    member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    head = _unpack(member, packed, _LONGEST_HEADER)
    limit = min(max_bytes, max(_MAX_SMALL_BYTES, _MAX_GZIP_RATIO * len(packed)))
    left = sum(_extent(_shape(path, head, limit))) + 1 - len(head)
    return head + _unpack(member, member.unconsumed_tail, max(1, left))


def _unpack(member: Any, packed: bytes, count: int) -> bytes:
    """Unpack `count` bytes of a gzip file of one member; at its end the checksum is compared.

    Not gzip.GzipFile, which takes a second for each megabyte of empty members, or of a file
    name in the header.
    """
    content: bytes = member.decompress(packed, count)
    if member.unused_data:
        raise zlib.error("something follows the compressed data")
    if len(content) < count and not member.eof:
        raise EOFError("the compressed data end too early")
    return content


def _shape(path: Path, content: bytes, max_bytes: int) -> tuple[int, ...]:
    ndim = _NDIMS.get(content[:4], 0)
    if not ndim or len(content) < 4 + 4 * ndim:
        raise DataError(
            f"{path}: is no idx file of unsigned bytes, it begins with {content[:4].hex()!r}; "
            "expected 00000801 for labels or 00000803 for images, and the sizes"
        )
    shape = struct.unpack_from(f">{ndim}I", content, 4)
    if not 0 < math.prod(shape) <= max_bytes:
        raise DataError(
            f"{path}: its header gives the sizes {shape}, {math.prod(shape):,} bytes; expected at "
            f"least 1 and no more than the limit of {max_bytes:,}"
        )
    return shape


def _extent(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the bytes of the header, and those of the data."""
    return 4 + 4 * len(shape), math.prod(shape)
