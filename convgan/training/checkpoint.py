"""A training's state as one file: arrays and what is told about them, under one checksum.

An `.npz` archive, uncompressed and without pickle, that `numpy.load` reads too: one array a
variable, and first `header.json`.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convgan.data.archive import open_archive
from convgan.data.bounded import read_up_to
from convgan.errors import DataError, RunError
from convgan.files import replacing

FORMAT = 2

Arrays = Mapping[str, NDArray[Any]]
Header = dict[str, Any]

_HEADER = "header.json"
_MAX_HEADER = 10_000_000


class DamagedCheckpoint(DataError):  # noqa: N818  what the file is, not what failed
    """The file is not what was written."""


def write_checkpoint(path: Path, header: Header, arrays: Arrays) -> None:
    """Write the file whole, or leave what was there.

    Args:
        path: the file.
        header: JSON values; `format`, `arrays` (their forms) and `sha256` are added.
        arrays: by name.

    Raises:
        RunError: it cannot be written.
    """
    header = {"format": FORMAT, **header, "arrays": _forms(arrays)}
    header["sha256"] = _digest(header, arrays)
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        archive.writestr(_HEADER, json.dumps(header))
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read_header(path: Path) -> Header:
    """Read what a checkpoint tells about itself; nothing of it is checked but its format.

    Raises:
        DamagedCheckpoint: it is not what was written.
        RunError: it cannot be read now (no permission, a disk that fails).
        DataError: it is of another format.
    """
    with _reading(path) as archive:
        header = json.loads(_member(archive, _HEADER, _MAX_HEADER))
        if not isinstance(header, dict):
            raise ValueError(f"its header is {type(header).__name__}")
    found = header.get("format")
    if found != FORMAT:
        newer = isinstance(found, int) and found > FORMAT
        made = header.get("convgan", "another version")
        raise DataError(
            f"{path} has format {found!r:.50}, written by convgan {made!r:.50}; this convgan "
            f"reads format {FORMAT}. "
            + ("Update convgan" if newer else "Go on with that version, or start the run anew")
        )
    return header


def read_arrays(path: Path, header: Header, expected: Arrays) -> dict[str, NDArray[Any]]:
    """Read the arrays, which must be named, shaped and typed as expected and have the checksum.

    Nothing is allocated that is not expected.

    Raises:
        DamagedCheckpoint: the file is not what was written.
        DataError: it holds other arrays.
        RunError: it cannot be read now.
    """
    found, forms = header.get("arrays"), _forms(expected)
    if found != forms:
        if not isinstance(found, dict):
            raise DamagedCheckpoint(f"{path} is damaged: it does not say its arrays")
        names = sorted(found | forms)
        differing = [name for name in names if found.get(name, "none") != forms.get(name, "none")]
        name = differing[0]
        raise DataError(
            f"{path} does not hold this configuration's variables: {len(found)} found, "
            f"{len(forms)} expected, {len(differing)} of them differ; {name} is "
            f"{found.get(name, 'none')!r:.80}, expected {forms.get(name, 'none')}"
        )
    with _reading(path) as archive:
        values = {name: _array(archive, name, array) for name, array in expected.items()}
        told = {key: value for key, value in header.items() if key != "sha256"}
        if _digest(told, values) != header.get("sha256"):
            raise ValueError("its SHA-256 is not the one that was written with it")
    return values


def _forms(arrays: Arrays) -> dict[str, list[Any]]:
    return {name: [array.dtype.str, list(array.shape)] for name, array in arrays.items()}


def _array(archive: zipfile.ZipFile, name: str, expected: NDArray[Any]) -> NDArray[Any]:
    """Read one array, believing nothing: its head must be byte for byte what NumPy writes."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, np.lib.format.header_data_from_array_1_0(expected))
    begin = head.getvalue()
    content = _member(archive, f"{name}.npy", len(begin) + expected.nbytes)
    if not content.startswith(begin):
        raise ValueError(f"{name} is not the array that it should be")
    return np.frombuffer(content[len(begin) :], expected.dtype).reshape(expected.shape)


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytearray:
    """Read a member of at most so many bytes, and compare its own checksum."""
    with archive.open(name) as stream:
        content = read_up_to(stream, most + 1)
    if len(content) > most:
        raise ValueError(f"{name} has more than {most} bytes")
    return content


@contextmanager
def _reading(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open the archive; all its ways to be damaged become one error."""
    try:
        with open_archive(path) as archive:
            yield archive
    except DataError:
        raise
    except (OSError, MemoryError) as error:
        if isinstance(error, OSError) and error.errno == errno.EINVAL:  # a place before the file
            raise DamagedCheckpoint(f"{path} is damaged: {error}") from error
        raise RunError(f"{path} cannot be read: {error}") from error  # another time, it may
    except (
        *(EOFError, ValueError, KeyError, RecursionError),
        *(zipfile.BadZipFile, zlib.error, struct.error),
        *(NotImplementedError, RuntimeError),  # zipfile: another compression, encryption
    ) as error:
        raise DamagedCheckpoint(f"{path} is damaged: {error}") from error


def _digest(header: Header, arrays: Arrays) -> str:
    """Return the SHA-256 (hex) of all that a checkpoint says."""
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for _, array in sorted(arrays.items()):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
