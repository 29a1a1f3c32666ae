"""MNIST, and what was published in its form: four gzipped idx files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from convgan.data.idx import idx_sha256, read_idx
from convgan.data.npz import read_npz
from convgan.data.published import Arrays, Published

IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
"""Training images, training labels, test images, test labels; each may end in `.gz`."""


@dataclass(frozen=True, kw_only=True)
class PublishedIdx(Published):
    """Four idx files, plain or gzipped, or the arrays as Keras keeps those of MNIST."""

    files: tuple[str, ...] = tuple(f"{name}.gz" for name in IDX_FILES)
    sums_of: Literal["plain", "gzipped"] = "plain"
    """Which files `sha256` is of: with `plain`, arrays are known whatever file they come from."""

    forms = "plain or with .gz"

    def find(self, folder: Path) -> dict[str, Path]:
        """A plain file before a gzipped one; an npz file stands for all."""
        if folder.is_file():
            return dict.fromkeys(self.files, folder)
        pairs = {name: (folder / name.removesuffix(".gz"), folder / name) for name in self.files}
        return {
            name: next(path for path in pair if path.is_file())
            for name, pair in pairs.items()
            if any(path.is_file() for path in pair)
        }

    def load(self, found: Mapping[str, Path]) -> Arrays:
        """One array per file."""
        paths = [*found.values()]
        return read_npz(paths[0]) if paths[0].suffix == ".npz" else [*map(read_idx, paths)]

    def sum_of(self, path: Path) -> str:
        """Of the plain file, if these are published."""
        return idx_sha256(read_idx(path)) if self.sums_of == "plain" else super().sum_of(path)

    def is_original(self, found: Mapping[str, Path], arrays: Arrays) -> bool | None:
        """Without reading the files once more, if that is not needed."""
        if self.sums_of == "gzipped":
            return super().is_original(found, arrays)
        return tuple(map(idx_sha256, arrays)) == self.sha256
