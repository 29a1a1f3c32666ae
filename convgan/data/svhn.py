"""SVHN's cropped digits, two MAT-files: http://ufldl.stanford.edu/housenumbers/."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from convgan.data.mat import read_mat
from convgan.data.published import Arrays, Published
from convgan.errors import DataError


class Svhn(Published):
    """Training and test file; the label 10 is the digit 0."""

    forms = "both files as they were downloaded"

    def find(self, folder: Path) -> dict[str, Path]:
        """Those of the two that are there."""
        return {name: folder / name for name in self.files if (folder / name).is_file()}

    def load(self, found: Mapping[str, Path]) -> Arrays:
        """X is (height, width, colours, N), y (N, 1)."""
        arrays = []
        for path in found.values():
            x, y = read_mat(path, ("X", "y"))
            if x.ndim != 4 or y.size != max(y.shape):
                raise DataError(
                    f"{path}: X is {x.shape} and y {y.shape}, expected (32, 32, 3, N), (N, 1)"
                )
            if not 1 <= y.min() <= y.max() <= 10:
                raise DataError(f"{path}: labels run from {y.min()} to {y.max()}, expected 1 to 10")
            arrays += [np.ascontiguousarray(x.transpose(3, 0, 1, 2)), y.ravel() % np.uint8(10)]
        return arrays
