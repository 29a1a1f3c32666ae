"""Data sets that were published as four idx files, found in the first place that has them.

An explicit folder (data.folder or CONVGAN_DATA) is used or is an error. Without one: Keras's
cache, the operating system's package, convgan's own downloads, a download, and last the bundled
sample, with a warning. The order hides nothing.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from convgan.config import DataConfig
from convgan.data.download import download_idx
from convgan.data.idx import idx_sha256, read_idx
from convgan.data.image_set import Dataset, ImageSet
from convgan.data.npz import read_npz
from convgan.data.places import convgan_cache, keras_datasets, system_folders
from convgan.data.source import DataSource
from convgan.errors import DataError
from convgan.registry import DATASETS

IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
"""Training images, training labels, test images, test labels; each may end in `.gz`."""

Arrays: TypeAlias = "Sequence[NDArray[np.uint8]]"
"""Training images (N, H, W) and labels (N,), then those of the test."""

SAMPLES = Path(__file__).parent / "samples"
logger = logging.getLogger("convgan")


@dataclass(frozen=True, kw_only=True)
class PublishedIdx(DataSource):
    """Four idx files, known by their sums."""

    name: str
    """In a configuration, and of its subfolder."""
    class_names: tuple[str, ...]
    counts: tuple[int, int] | None
    sha256: tuple[str, str, str, str]
    """Of the four plain (not gzipped) files, in the order of `IDX_FILES`."""
    url: str
    """The folder on the web that the gzipped files are in."""
    origin: str
    licence: str
    evaluator_preset: str | None = None
    advice: str = ""
    """One more way to have the files, in words."""
    has_sample: bool = True

    def read(self, section: DataConfig) -> Dataset:
        """Return the full set, or the sample where `data.source` is auto and there is none."""
        if section.folder is not None:
            return self._explicit(section.folder, "data.folder")
        if from_environment := os.environ.get("CONVGAN_DATA"):
            return self._explicit(Path(from_environment), "CONVGAN_DATA")
        own, keras = convgan_cache() / "datasets" / self.name, keras_datasets() / self.name
        for path in (keras.with_suffix(".npz"), keras, *system_folders(self.name), own):
            try:
                if (arrays := self._cached(path)) is not None:
                    return self._dataset(arrays, f"full, from {path}")
            except DataError as error:
                logger.warning("%s: going on to the next source, since %s", self.name, error)
        try:
            return self._dataset(self._download(own), "full, downloaded")
        except DataError as error:
            if section.source == "full" or not self.has_sample:
                raise DataError(
                    f"the full {self.name} data set was not found: {error}. {self._advice()}"
                ) from error
            sample = self.sample()
            logger.warning(
                "%s: no full set was found, so the %s is used; numbers will not compare with those "
                "of the full set.\n  why: %s\n  how to have it: set CONVGAN_DATA to the folder "
                f"that holds {self.name}/, see convgan's README",
                self.name, sample.train.origin, error,
            )  # fmt: skip
            return sample

    def sample(self) -> Dataset:
        """Return the bundled sample."""
        arrays = read_npz(SAMPLES / f"{self.name}.npz")
        full = f" of {self.counts[0]:,}" if self.counts else ""
        return self._dataset(arrays, f"bundled sample ({len(arrays[0]):,}{full})")

    def is_original(self, arrays: Arrays) -> bool:
        """Return whether these are the published images and labels, to the byte."""
        return tuple(idx_sha256(array) for array in arrays) == self.sha256

    def _dataset(self, arrays: Arrays, origin: str) -> Dataset:
        train, test = (
            # (N, H, W) -> (N, H, W, 1)
            (images[..., None], labels.astype(np.int64), self.class_names, self.name, origin)
            for images, labels in (arrays[:2], arrays[2:])
        )
        try:
            return Dataset(ImageSet(*train), ImageSet(*test))
        except DataError as error:
            raise DataError(f"{error} ({origin})") from error

    def _explicit(self, folder: Path, what: str) -> Dataset:
        """Read the folder that the user named, which need not hold the published files."""
        folder = folder.expanduser()
        place = next(filter(_idx_files, (folder / self.name, folder)), folder)
        files = _idx_files(place)
        if missing := [name for name in IDX_FILES if name not in files]:
            raise DataError(
                f"{what} is {str(folder)!r}, where {self.name} lacks {', '.join(missing)}; "
                f"expected there or in its subfolder {self.name}/, plain or with .gz. "
                f"{self._advice()}"
            )
        arrays = [read_idx(path) for path in files.values()]
        if self.is_original(arrays):
            return self._dataset(arrays, f"full, from {place}")
        for name in DATASETS:
            other = DATASETS[name]
            if isinstance(other, PublishedIdx) and other.is_original(arrays):
                raise DataError(
                    f"{what} is {str(folder)!r}, where the files are those of {name}, "
                    f"not of {self.name}; put each set in a subfolder of its name"
                )
        dataset = self._dataset(arrays, f"not the published files, from {place}")
        odd = "%s: the files in %s are not the published ones; numbers will not compare"
        logger.warning(odd, self.name, place)
        return dataset

    def _cached(self, path: Path) -> Arrays | None:
        """Return what a cache holds, None if nothing; an error if it is not what was published."""
        arrays = None
        if path.is_file():
            arrays = read_npz(path)
        elif len(files := _idx_files(path)) == len(IDX_FILES):
            arrays = [read_idx(file) for file in files.values()]
        if arrays is not None and not self.is_original(arrays):
            raise DataError(f"{path}: its SHA-256 is not that of the published files; delete it")
        return arrays

    def _download(self, folder: Path) -> Arrays:
        targets = [folder / f"{name}.gz" for name in IDX_FILES]
        for target, sha256 in zip(targets, self.sha256, strict=True):
            try:
                there = idx_sha256(read_idx(target)) == sha256
            except DataError:
                there = False
            if not there:
                download_idx(f"{self.url}{target.name}", target, sha256=sha256)
        return [read_idx(target) for target in targets]

    def _advice(self) -> str:
        files = ", ".join(f"{name}.gz" for name in IDX_FILES)
        return (
            f"To have the full set, put {files} into a folder {self.name}/ and set CONVGAN_DATA "
            f"to the folder above it{self.advice}."
        )


def _idx_files(folder: Path) -> dict[str, Path]:
    """Return the files of `IDX_FILES` that are there, plain or gzipped, in this order."""
    plain_first = [(name, folder / f"{name}{end}") for end in (".gz", "") for name in IDX_FILES]
    found = {name: path for name, path in plain_first if path.is_file()}
    return {name: found[name] for name in IDX_FILES if name in found}
