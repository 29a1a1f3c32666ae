"""Small files and pictures for the tests."""

from __future__ import annotations

import gzip
import struct
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image

from convgan.data.published import IDX_FILES

if TYPE_CHECKING:
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
