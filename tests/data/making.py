"""Small files and pictures for the tests."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image
from scipy.io import savemat

from convgan.data.cifar import BATCHES, FOLDER
from convgan.data.published_idx import IDX_FILES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

Bytes: TypeAlias = "NDArray[np.uint8]"
Four: TypeAlias = tuple[Bytes, Bytes, Bytes, Bytes]


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def some_arrays(rng: np.random.Generator, size: int = 6) -> Four:
    """20 training and 10 test pictures of 10 classes."""
    return (
        rng.integers(0, 256, (20, size, size), np.uint8),
        np.tile(np.arange(10, dtype=np.uint8), 2),
        rng.integers(0, 256, (10, size, size), np.uint8),
        np.arange(10, dtype=np.uint8),
    )


def write_four(folder: Path, arrays: Four, *, zipped: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(IDX_FILES, arrays, strict=True):
        if zipped:
            (folder / f"{name}.gz").write_bytes(gzip.compress(idx_bytes(array)))
        else:
            (folder / name).write_bytes(idx_bytes(array))
    return folder


def write_npz(path: Path, arrays: Four) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    x_train, y_train, x_test, y_test = arrays
    np.savez_compressed(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return path


def picture(
    path: Path, color: tuple[int, int, int] | int = 0, size: tuple[int, int] = (8, 8)
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L" if isinstance(color, int) else "RGB", size, color).save(path)
    return path


def colour_arrays(rng: np.random.Generator, size: int = 32) -> Four:
    """50 training and 10 test pictures of 10 classes."""
    return (
        rng.integers(0, 256, (50, size, size, 3), np.uint8),
        np.tile(np.arange(10, dtype=np.uint8), 5),
        rng.integers(0, 256, (10, size, size, 3), np.uint8),
        np.arange(10, dtype=np.uint8)[::-1].copy(),
    )


def cifar_batches(arrays: Four) -> dict[str, bytes]:
    """The contents of CIFAR-10's six files, in which each picture comes colour by colour."""
    images, labels = np.concatenate(arrays[::2]), np.concatenate(arrays[1::2])
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    rows = np.concatenate([labels[:, None], planes], axis=1)
    parts = np.split(rows, np.linspace(0, len(arrays[0]), 6, dtype=int)[1:])
    return {name: part.tobytes() for name, part in zip(BATCHES, parts, strict=True)}


def tar_gz(members: Iterable[tuple[str, bytes]], form: int = tarfile.GNU_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", format=form, compresslevel=1) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            info.mtime = 1.5 if form == tarfile.PAX_FORMAT else 1  # a fraction needs a header
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def cifar_archive(arrays: Four, form: int = tarfile.GNU_FORMAT) -> bytes:
    batches = {"readme.html": b"<p>", "batches.meta.txt": b"cat\n"} | cifar_batches(arrays)
    return tar_gz([(f"{FOLDER}/{name}", batch) for name, batch in batches.items()], form)


def svhn_file(
    images: NDArray[np.uint8], labels: NDArray[np.uint8], *, compressed: bool = True
) -> bytes:
    """As MATLAB has it: pictures along the last axis, and 10 for the digit 0."""
    y = np.where(labels == 0, 10, labels).astype(np.uint8)[:, None]
    stream = io.BytesIO()
    variables = {"X": images.transpose(1, 2, 3, 0), "y": y}
    savemat(stream, variables, do_compression=compressed)
    return stream.getvalue()


def write_svhn(folder: Path, arrays: Four, *, compressed: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, images, labels in (("train", *arrays[:2]), ("test", *arrays[2:])):
        content = svhn_file(images, labels, compressed=compressed)
        (folder / f"{name}_32x32.mat").write_bytes(content)
    return folder
