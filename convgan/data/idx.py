"""The idx format of MNIST, plain or gzipped: https://yann.lecun.com/exdb/mnist/.

Two zero bytes, a type code, the number of dimensions n, n big-endian 32-bit sizes, the data.
Files may come from anywhere, so nothing in a header is believed before it is checked.
"""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

from convgan.data.bounded import Readable, read_up_to
from convgan.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MAX_IDX_BYTES = 1 << 30
# What a gzip file may unpack to whatever its own size: MNIST has 47 MB. Above, its pictures
# must not shrink more than any do; MNIST's shrink to a fifth, a bomb's zeros to a thousandth.
_MAX_SMALL_BYTES = 1 << 27
_MAX_GZIP_RATIO = 50
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 16
_UINT8 = 0x08
_NDIMS = (1, 3)  # labels, images


def read_idx(path: Path, *, max_bytes: int = MAX_IDX_BYTES) -> NDArray[np.uint8]:
    """The array in an idx file of unsigned bytes, gzipped or not (its content tells which).

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
        with path.open("rb") as raw:
            zipped = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            if not zipped:
                return _parse(raw, path, max_bytes, file_bytes=path.stat().st_size)
            unpacked = max(_MAX_SMALL_BYTES, _MAX_GZIP_RATIO * path.stat().st_size)
            return _parse(_Gunzip(raw), path, min(max_bytes, unpacked), file_bytes=None)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read, get it anew: {error}") from error


def read_idx_pair(
    images: Path, labels: Path, *, num_classes: int, max_bytes: int = MAX_IDX_BYTES
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images (N, H, W) and labels (N,), both uint8, checked against each other.

    Raises:
        DataError: as `read_idx`, or the two files do not belong together.
    """
    pictures, classes = read_idx(images, max_bytes=max_bytes), read_idx(labels, max_bytes=max_bytes)
    for path, array, ndim in ((images, pictures, 3), (labels, classes, 1)):
        if array.ndim != ndim:
            raise DataError(f"{path}: has {array.ndim} dimensions, expected {ndim}")
    if len(pictures) != len(classes):
        raise DataError(
            f"{images} holds {len(pictures):,} images, but {labels} {len(classes):,} labels; "
            "they must come from the same data set"
        )
    if int(classes.max()) >= num_classes:
        raise DataError(
            f"{labels}: label {classes.max()} found, expected 0 to {num_classes - 1} "
            f"({num_classes} classes)"
        )
    return pictures, classes


def idx_sha256(array: NDArray[np.uint8]) -> str:
    """SHA-256 (hex) of the plain idx file that holds this array."""
    digest = hashlib.sha256(bytes([0, 0, _UINT8, array.ndim]))
    digest.update(struct.pack(f">{array.ndim}I", *array.shape))
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


class _Gunzip:
    """What a gzip file of one member holds.

    Not gzip.GzipFile, which takes a second for each megabyte of empty members, or of a file
    name in the header.
    """

    def __init__(self, raw: Readable) -> None:
        self._raw = raw
        self._zlib = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end, when the checksum has been compared."""
        content = b""
        while not content and not self._zlib.eof:
            packed = self._zlib.unconsumed_tail or self._raw.read(_CHUNK)
            if not packed:
                raise EOFError("the compressed data end too early")
            content = self._zlib.decompress(packed, size)
        if not content and (self._zlib.unused_data or self._raw.read(1)):
            raise zlib.error("something follows the compressed data")
        return content


def _parse(
    stream: Readable, path: Path, max_bytes: int, file_bytes: int | None
) -> NDArray[np.uint8]:
    """Check the header, then read. `file_bytes` is the plain file's size, None if gzipped."""
    shape = _read_header(stream, path)
    expected = math.prod(shape)
    if expected == 0:
        raise DataError(f"{path}: holds nothing, its header gives the sizes {shape}")
    if expected > max_bytes:
        raise DataError(
            f"{path}: the header gives {shape}, {expected:,} bytes, more than the limit of "
            f"{max_bytes:,}; the file is damaged or no MNIST-like data set"
        )
    header_bytes = 4 + 4 * len(shape)
    if file_bytes is not None and file_bytes != header_bytes + expected:
        raise DataError(
            f"{path}: has {file_bytes:,} bytes, but its header {shape} means "
            f"{header_bytes + expected:,}; get the file anew"
        )
    content = read_up_to(stream, expected)
    if len(content) < expected:
        raise DataError(
            f"{path}: ends after {len(content):,} of the {expected:,} bytes that its header "
            f"{shape} means; get the file anew"
        )
    # Reading past the end also makes gzip compare its checksum.
    if stream.read(1):
        raise DataError(f"{path}: goes on after the {expected:,} bytes that its header means")
    return np.frombuffer(content, np.uint8).reshape(shape)


def _read_header(stream: Readable, path: Path) -> tuple[int, ...]:
    magic = read_up_to(stream, 4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise DataError(f"{path}: is no idx file, it begins with {bytes(magic).hex()!r}")
    kind, ndim = magic[2], magic[3]
    if kind != _UINT8:
        raise DataError(
            f"{path}: holds numbers of type 0x{kind:02x}; only unsigned bytes (0x08) are read"
        )
    if ndim not in _NDIMS:
        raise DataError(f"{path}: has {ndim} dimensions; expected 1 (labels) or 3 (images)")
    sizes = read_up_to(stream, 4 * ndim)
    if len(sizes) < 4 * ndim:
        raise DataError(f"{path}: ends within its header")
    return struct.unpack(f">{ndim}I", sizes)
