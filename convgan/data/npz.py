"""Keras's archive of MNIST (`mnist.npz`), which is also the form of the bundled samples.

Not by `np.load`, which would allocate whatever an archive announces.
"""

from __future__ import annotations

import math
import re
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

import numpy as np

from convgan.data.archive import open_archive
from convgan.data.bounded import Readable, read_up_to
from convgan.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MAX_NPZ_BYTES = 1 << 27  # MNIST's four arrays have 55 MB
# Not LZMA, which allocates the 4 GB of dictionary that a member may announce.
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MAGIC = b"\x93NUMPY\x01\x00"
# All that numpy itself writes for a uint8 array in C order; `L` is Python 2's.
_HEADER = re.compile(
    rb"\{'descr': '[|<>]u1', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,10}L?,? ?){1,4})\), ?\} *\n"
)


def read_npz(path: Path, *, max_bytes: int = MAX_NPZ_BYTES) -> list[NDArray[np.uint8]]:
    """Return training images and labels, test images and labels of a Keras-like archive.

    Args:
        path: the archive with the members x_train, y_train, x_test and y_test.
        max_bytes: the most that the four arrays may have together.

    Returns:
        uint8, in the order of the idx files, each of the shape that it has there.

    Raises:
        DataError: the archive is missing, damaged, too large or of another form.
    """
    try:
        if not path.is_file():
            raise DataError(f"{path}: there is no such file")
        with open_archive(path) as archive:
            arrays: list[NDArray[np.uint8]] = []
            for name in ("x_train", "y_train", "x_test", "y_test"):
                left = max_bytes - sum(array.nbytes for array in arrays)
                arrays.append(_read_member(archive, name, path, left))
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, struct.error) as error:
        raise DataError(f"{path}: cannot be read, get it anew: {error}") from error
    except (NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        # zipfile's answers to encryption, unknown compression and impossible offsets.
        raise DataError(f"{path}: is no archive that numpy wrote: {error}") from error
    return arrays


def read_npy_header(stream: Readable, what: str) -> tuple[tuple[int, ...], int]:
    """Return the shape of a .npy file of unsigned bytes in C order, and the bytes of its header.

    Raises:
        DataError: it is no such file; `what` says which.
    """
    prefix = read_up_to(stream, len(_MAGIC) + 2)
    if len(prefix) < len(_MAGIC) + 2 or not prefix.startswith(_MAGIC):
        raise DataError(f"{what} is no .npy file of version 1.0")
    (header_bytes,) = struct.unpack("<H", prefix[-2:])
    header = bytes(read_up_to(stream, header_bytes))
    match = _HEADER.fullmatch(header)
    if match is None:
        raise DataError(
            f"{what} must be an array of unsigned bytes in C order, "
            f"but says of itself {header[:80]!r}"
        )
    shape = tuple(int(size) for size in re.findall(rb"\d+", match[1]))
    return shape, len(prefix) + header_bytes


def _read_member(
    archive: zipfile.ZipFile, name: str, path: Path, max_bytes: int
) -> NDArray[np.uint8]:
    try:
        info = archive.getinfo(f"{name}.npy")
    except KeyError:
        held = f"{archive.namelist()[:8]}"
        raise DataError(f"{path}: holds no {name}; it has {held:.400}") from None
    if info.file_size > max_bytes:
        raise DataError(
            f"{path}: {name} has {info.file_size:,} bytes, more than the limit of {max_bytes:,}"
        )
    if info.compress_type not in _COMPRESSIONS:
        raise DataError(f"{path}: {name} is compressed by method {info.compress_type}, not deflate")
    with archive.open(info) as stream:
        shape, header_bytes = read_npy_header(stream, f"{path}: {name}")
        expected = math.prod(shape)
        if header_bytes + expected != info.file_size or not expected:
            raise DataError(
                f"{path}: {name} announces {shape}, which its {info.file_size:,} bytes do not hold"
            )
        content = read_up_to(stream, expected + 1)  # one more, so that the checksum is compared
    if len(content) != expected:
        raise DataError(f"{path}: {name} ends after {len(content):,} of {expected:,} bytes")
    return np.frombuffer(content, np.uint8).reshape(shape)
