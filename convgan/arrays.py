"""Named arrays in one safetensors file, with a header about them, under one checksum.

The format holds numbers and no code (https://huggingface.co/docs/safetensors). Files may come from
anywhere, so nothing in one is believed before it is checked, and nothing is allocated that is not
expected.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from convgan.errors import DataError, RunError
from convgan.files import replacing

FORMAT = 3  # 1 and 2 were archives of NumPy's

Arrays = Mapping[str, NDArray[Any]]
Header = dict[str, Any]

_MAX_HEADER = 10_000_000
_LENGTH_BYTES = 8  # of the header, little-endian, at the beginning
_MALFORMED = (
    ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError,
)  # fmt: skip
_TYPES = {"F32": "float32", "I64": "int64", "I32": "int32", "U32": "uint32", "U8": "uint8"}


class DamagedFile(DataError):  # noqa: N818  what the file is, not what failed
    """The file is not what was written."""


class Form(NamedTuple):
    """The type and the shape of an array."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """What the array's numbers take."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


def form_of(array: Any) -> Form:
    """Return the form of an array, or of a variable."""
    return Form(np.dtype(array.dtype).name, tuple(map(int, array.shape)))


def write_arrays(path: Path, header: Header, arrays: Arrays) -> str:
    """Write the file whole, or leave what was there; return the SHA-256 (hex) of header and arrays.

    The header is of JSON values; `format` and `sha256` are added.

    Raises:
        RunError: it cannot be written.
    """
    header = {"format": FORMAT, **header}
    # Not ascontiguousarray, which gives a scalar an axis.
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    digest = digest_of(header, arrays)
    metadata = {"convgan": json.dumps(header | {"sha256": digest})}
    with replacing(path) as temporary:
        temporary.write_bytes(save(dict(arrays), metadata))  # save_file's is for the owner only
    return digest


def read_header(path: Path) -> Header:
    """Read a file's header; nothing of it is checked but its format.

    Raises:
        DamagedFile: it is not what was written.
        RunError: it cannot be read now (no permission, a disk that fails).
        DataError: it is of another format.
    """
    header, _, _ = _read_head(path)
    return header


def read_arrays(path: Path, expected: Mapping[str, Form]) -> tuple[Header, dict[str, NDArray[Any]]]:
    """Read the header and the arrays, which must be formed as expected and have the checksum.

    Raises:
        DamagedFile: the file is not what was written.
        DataError: it holds other arrays, or is of another format.
        RunError: it cannot be read now.
    """
    header, found, begin = _read_head(path)
    if found != expected:
        names = sorted(found.keys() | expected.keys())
        name, *more = (name for name in names if found.get(name) != expected.get(name))
        raise DataError(
            f"{path} does not hold what this configuration needs: {len(found)} arrays found, "
            f"{len(expected)} expected, {1 + len(more)} of them differ; {name:.200} is "
            f"{_said(found.get(name))}, expected {_said(expected.get(name))}"
        )
    try:
        size = path.stat().st_size
        if size != begin + sum(form.nbytes for form in expected.values()):
            raise DamagedFile(f"{path} is damaged: {size:,} bytes are not those of its arrays")
        arrays = load(path.read_bytes())
    except (OSError, MemoryError) as error:
        raise RunError(f"{path} cannot be read: {error}") from error  # another time, it may
    except (SafetensorError, ValueError, KeyError) as error:
        raise DamagedFile(f"{path} is damaged: {error}") from error
    told = {key: value for key, value in header.items() if key != "sha256"}
    if digest_of(told, arrays) != header.get("sha256"):
        raise DamagedFile(f"{path} is damaged: its SHA-256 is not the one written with it")
    return header, arrays


def _read_head(path: Path) -> tuple[Header, dict[str, Form], int]:
    """Return the header, the arrays' forms, and the bytes before the first array."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            if length > min(_MAX_HEADER, os.fstat(file.fileno()).st_size):
                raise DamagedFile(f"{path} is damaged: it announces a header of {length:,} bytes")
            told = json.loads(file.read(length))
        header = json.loads(told.pop("__metadata__")["convgan"])
        forms = {
            name: Form(_TYPES[entry["dtype"]], tuple(map(int, entry["shape"])))
            for name, entry in told.items()
        }
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error}") from error
    except _MALFORMED as error:
        if isinstance(error, DamagedFile):
            raise
        raise DamagedFile(f"{path} is damaged: {type(error).__name__}: {error!s:.200}") from error
    if not isinstance(header, dict):
        raise DamagedFile(f"{path} is damaged: its header is {type(header).__name__}")
    if (found := header.get("format")) != FORMAT:
        newer = isinstance(found, int) and found > FORMAT
        made = header.get("convgan", "another version")
        raise DataError(
            f"{path} has format {found!r:.50}, written by convgan {made!r:.50}; this convgan reads "
            f"format {FORMAT}. "
            + ("Update convgan" if newer else "Go on with that version, or start the run anew")
        )
    return header, forms, _LENGTH_BYTES + length


def _said(form: Form | None) -> str:
    return f"{form.dtype} {form.shape!s:.80}" if form else "not there"


def digest_of(header: Header, arrays: Arrays) -> str:
    """Return the SHA-256 (hex) of the header and of the arrays, by name."""
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {form_of(array)}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
