"""Networks from `.keras` files that may come from anywhere.

Keras's own safe mode refuses code, but it builds any network that a file describes and leaves
HDF5 to follow links to other files. Here a file is what Keras writes for convgan's networks, or
is not read: three members without compression, a description that is understood to the last
setting, and weights that lie in the file itself.
"""

from __future__ import annotations

import io
import json
import math
import warnings
import zipfile
from pathlib import Path
from typing import Any, NoReturn

import h5py  # type: ignore[import-untyped]
import keras

from convgan.data.archive import open_archive
from convgan.errors import DataError
from convgan.models.keras_config import count_parameters

MAX_FILE_BYTES = 1 << 30
MAX_CONFIG_BYTES = 1 << 21
_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_MEMBERS = sorted(["metadata.json", _CONFIG, _WEIGHTS])
_MAX_OBJECTS = 5000  # groups and datasets of the weights, of which a layer has up to ten
_PARAMETER_BYTES = 4  # Keras keeps float32, whatever it computes in
_MAX_DIGITS = 20


def load_keras_file(path: Path) -> keras.Model:
    """Load a network that convgan has written; nothing in the file is run.

    Keras allocates all that config.json describes before it compares it with the weights. So
    what it will allocate is counted first (`count_parameters`), and must not be more than the
    bytes of the weights: a true file holds each parameter. A file that lies is at most refused
    by Keras later, after an allocation of its own size.

    Raises:
        DataError: it cannot be read, or is not as Keras writes convgan's networks.
    """
    try:
        _check_file(path)
        with warnings.catch_warnings():
            # Before the error that follows; a layer is looked for in two places.
            warnings.filterwarnings("ignore", "Skipping nested container")
            return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # zipfile, HDF5 and Keras raise nearly anything on a damaged file
        raise DataError(f"{path} cannot be read as a Keras model: {error!s:.500}") from error


def _check_file(path: Path) -> None:
    with open_archive(path) as archive:
        _check_members(archive, path.stat().st_size)
        tree = json.loads(
            archive.read(_CONFIG), parse_int=_parse_int, parse_constant=_refuse_constant
        )
        weights = archive.read(_WEIGHTS)
    parameters = count_parameters(tree)
    if parameters * _PARAMETER_BYTES > len(weights):
        raise DataError(
            f"it describes {parameters:,} parameters, its weights have {len(weights):,} bytes"
        )
    _check_weights(weights)


def _check_members(archive: zipfile.ZipFile, file_bytes: int) -> None:
    members = archive.infolist()
    names = sorted(member.filename for member in members)
    if names != _MEMBERS:
        raise DataError(f"it holds {names!r:.200}, expected {_MEMBERS}")
    for member in members:
        if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
            raise DataError(f"{member.filename} is compressed, which Keras does not do")
    total = sum(member.file_size for member in members)
    if total > min(file_bytes, MAX_FILE_BYTES):
        raise DataError(f"its {file_bytes:,} bytes announce {total:,}, at most {MAX_FILE_BYTES:,}")
    config_bytes = archive.getinfo(_CONFIG).file_size
    if config_bytes > MAX_CONFIG_BYTES:
        raise DataError(f"{_CONFIG} has {config_bytes:,} bytes, at most {MAX_CONFIG_BYTES:,}")


def _parse_int(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise DataError(f"{_CONFIG} has a number of {len(digits):,} digits")
    return int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise DataError(f"{_CONFIG} has the number {name}")


def _check_weights(content: bytes) -> None:
    """Check that all of an HDF5 file lies in it: no link elsewhere, no array larger than it."""
    with h5py.File(io.BytesIO(content), "r") as file:
        groups = [file["/"]]
        seen: set[int] = set()
        while groups:
            group = groups.pop()
            for name in group:
                link = group.get(name, getlink=True)
                if not isinstance(link, h5py.HardLink):
                    raise DataError(f"the weights have {name!r:.80}, a {type(link).__name__}")
                item = group[name]
                address = h5py.h5o.get_info(item.id).addr
                if address in seen or len(seen) > _MAX_OBJECTS:
                    raise DataError(f"the weights have {name!r:.80} twice, or too many objects")
                seen.add(address)
                if isinstance(item, h5py.Group):
                    groups.append(item)
                else:
                    _check_dataset(item, len(content))


def _check_dataset(item: Any, file_bytes: int) -> None:
    if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "fiu" or len(item.attrs):
        raise DataError(f"the weights have {item!r:.200}, expected an array of numbers")
    layout = item.id.get_create_plist().get_layout()
    if layout != h5py.h5d.CONTIGUOUS or item.external:
        raise DataError(f"the weights have {item!r:.200}, which does not lie in one piece")
    if math.prod(item.shape) * item.dtype.itemsize > file_bytes:
        raise DataError(f"the weights have {item!r:.200}, which their bytes cannot hold")
