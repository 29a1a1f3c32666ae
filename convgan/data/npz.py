"""Arrays in npz archives: Keras's MNIST (`mnist.npz`), the bundled samples, latent vectors.

Read not by `np.load`, which would allocate whatever an archive announces.
"""

from __future__ import annotations

import math
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convgan.errors import DataError
from convgan.files import replacing

MAX_NPZ_BYTES = 1 << 27  # MNIST's four arrays have 55 MB
MAX_DIRECTORY_BYTES = 1 << 20  # zipfile reads it at once: 100 MB would become gigabytes of objects
# The end of an archive: a zip64 locator if there is one, then magic, 4 counts, the directory's
# bytes and offset, the comment's bytes.
_END = struct.Struct("<20s4s4H2IH")
# Not LZMA, which allocates the 4 GB of dictionary that a member may announce.
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
INTEGERS = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64")
_DESCRIPTIONS = {"uint8": rb"[|<>]u1", "float32": rb"<f4"} | {
    name: np.dtype(name).str.replace("|", "[|]").encode() for name in INTEGERS[1:]
}
# All that numpy itself writes for an array in C order; `L` is Python 2's.
_HEADER = (
    rb"\x93NUMPY\x01\x00..\{'descr': '(%b)', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,10}L?,? ?){1,4})\), ?\} *\n"
)


def write_npz(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write an archive whole, or leave what was there.

    Raises:
        RunError: the file cannot be written.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:  # np would add its own suffix
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_npz(path: Path, *, max_bytes: int = MAX_NPZ_BYTES) -> list[NDArray[np.uint8]]:
    """Return x_train, y_train, x_test and y_test of an archive: uint8, as in idx files.

    Raises:
        DataError: the archive is missing, damaged or of another form, or its arrays have more
            than `max_bytes` together.
    """
    names = ("x_train", "y_train", "x_test", "y_test")
    return list(read_members(path, dict.fromkeys(names, "uint8"), max_bytes=max_bytes).values())


def read_members(
    path: Path, types: Mapping[str, str | Sequence[str]], *, max_bytes: int = MAX_NPZ_BYTES
) -> dict[str, NDArray[Any]]:
    """Return arrays of an archive by name, of these types (or one of them), with 1 to 4 axes.

    Raises:
        DataError: as `read_npz`.
    """
    arrays: dict[str, NDArray[Any]] = {}
    with _opened(path) as archive:
        for name, dtypes in types.items():
            left = max_bytes - sum(array.nbytes for array in arrays.values())
            known = [dtypes] if isinstance(dtypes, str) else dtypes
            arrays[name] = _read_member(archive, name, known, path, left)
    return arrays


def member_names(path: Path) -> set[str]:
    """Return the names of an archive's arrays.

    Raises:
        DataError: as `read_npz`.
    """
    with _opened(path) as archive:
        return {name.removesuffix(".npy") for name in archive.namelist()}


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive, whose ways to be none, also within, become a DataError."""
    try:
        if not path.is_file():
            raise DataError(f"{path}: there is no such file")
        _check_end(path)
        with zipfile.ZipFile(path) as archive:
            yield archive
    except DataError:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, struct.error) as error:
        raise DataError(f"{path}: cannot be read, get it anew: {error}") from error
    except (NotImplementedError, RuntimeError, ValueError) as error:
        # zipfile's answers to encryption, unknown compression and impossible offsets.
        raise DataError(f"{path}: is no archive that numpy wrote: {error}") from error


def _check_end(path: Path) -> None:
    """Let through an archive as numpy writes it: no comment, less than 4 GB, a small directory."""
    with path.open("rb") as file:
        file.seek(-_END.size, os.SEEK_END)
        locator, magic, *_, directory_bytes, _, comment_bytes = _END.unpack(file.read(_END.size))
    # zipfile would believe a zip64 record before these numbers.
    if magic != b"PK\5\6" or comment_bytes or locator.startswith(b"PK\6\7"):
        raise zipfile.BadZipFile("it does not end as an archive of numpy's")
    if directory_bytes > MAX_DIRECTORY_BYTES:
        raise zipfile.BadZipFile(f"its directory has {directory_bytes:,} bytes")


def _read_member(
    archive: zipfile.ZipFile, name: str, dtypes: Sequence[str], path: Path, max_bytes: int
) -> NDArray[Any]:
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
    with archive.open(info) as stream:  # `archive.read` would unpack all that is there first
        content = stream.read(info.file_size)
    described = b"|".join(_DESCRIPTIONS[dtype] for dtype in dtypes)
    header = re.match(_HEADER % described, content, re.DOTALL)
    if header is None:
        raise DataError(
            f"{path}: {name} is no .npy file of {' or '.join(dtypes)} in C order, "
            f"it begins with {content[:80]!r}"
        )
    dtype = np.dtype(header[1].decode())
    shape = tuple(int(size) for size in re.findall(rb"\d+", header[2]))
    if not math.prod(shape) or header.end() + math.prod(shape) * dtype.itemsize != len(content):
        raise DataError(
            f"{path}: {name} announces {shape}, which its {len(content):,} bytes do not hold"
        )
    return np.frombuffer(content, dtype, offset=header.end()).reshape(shape)
