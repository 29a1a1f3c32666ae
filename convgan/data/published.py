"""Data sets that were published as files, found in the first place that has them.

An explicit folder (data.folder or CONVGAN_DATA) is used or is an error. Without one: Keras's
cache, the operating system's package, convgan's own downloads, a download, and last the bundled
sample, if there is one, with a warning. The order hides nothing.
"""

from __future__ import annotations

import hashlib
import logging
import os
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convgan.config import DataConfig
from convgan.data.download import download
from convgan.data.image_set import Dataset, ImageSet
from convgan.data.npz import read_npz
from convgan.data.places import convgan_cache, keras_datasets, system_folders
from convgan.data.source import DataSource
from convgan.errors import DataError
from convgan.registry import DATASETS

Arrays: TypeAlias = "Sequence[NDArray[np.uint8]]"
"""Training images (N, H, W) or (N, H, W, C) and labels (N,), then those of the test."""

SAMPLES = Path(__file__).parent / "samples"
logger = logging.getLogger("convgan")


@dataclass(frozen=True, kw_only=True)
class Published(DataSource):
    """Files that are known by their sums. A kind of them is a class with `find` and `load`."""

    name: str
    """In a configuration, and of its subfolder."""
    class_names: tuple[str, ...]
    counts: tuple[int, int] | None
    files: tuple[str, ...]
    """Their names as they are downloaded."""
    sha256: tuple[str, ...]
    """Of these, as `sum_of` computes it."""
    url: str
    """The folder on the web that they are in."""
    origin: str
    licence: str
    evaluator_preset: str | None = None
    advice: str = ""
    """One more way to have the files, in words."""
    has_sample: bool = False

    forms: ClassVar[str]
    """In which forms the files are taken, in words."""

    @abstractmethod
    def find(self, folder: Path) -> dict[str, Path]:
        """Return those of `files` that a folder has, in this order, whatever their form."""

    @abstractmethod
    def load(self, found: Mapping[str, Path]) -> Arrays:
        """Return what all the files hold.

        Raises:
            DataError: one is damaged or of another form.
        """

    def sum_of(self, path: Path) -> str:
        """Return the SHA-256 (hex) of a downloaded file."""
        with path.open("rb") as file:
            digest = hashlib.sha256()
            while chunk := file.read(1 << 20):
                digest.update(chunk)
            return digest.hexdigest()

    def is_original(
        self,
        found: Mapping[str, Path],
        arrays: Arrays,  # noqa: ARG002 (by which a kind may know them)
    ) -> bool | None:
        """Return whether these are the published files; None if sums of such are not known."""
        if any(path.name != name for name, path in found.items()):
            return None
        return tuple(map(self.sum_of, found.values())) == self.sha256

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
        if not self.has_sample:
            return super().sample()
        arrays = read_npz(SAMPLES / f"{self.name}.npz")
        full = f" of {self.counts[0]:,}" if self.counts else ""
        return self._dataset(arrays, f"bundled sample ({len(arrays[0]):,}{full})")

    def _dataset(self, arrays: Arrays, origin: str) -> Dataset:
        try:
            train, test = (
                ImageSet(
                    images if images.ndim == 4 else images[..., None],  # (N, H, W) to (N, H, W, 1)
                    labels.astype(np.int64),
                    self.class_names,
                    self.name,
                    origin,
                )
                for images, labels in (arrays[:2], arrays[2:])
            )
            return Dataset(train, test)
        except DataError as error:
            raise DataError(f"{error} ({origin})") from error

    def _explicit(self, folder: Path, what: str) -> Dataset:
        """Read the folder that the user named, which need not hold the published files."""
        try:
            folder = folder.expanduser()
            place = next(filter(self.find, (folder / self.name, folder)), folder)
            found = self.find(place)
        except (OSError, RuntimeError) as error:  # RuntimeError: no such ~user
            raise DataError(f"{what} {str(folder)!r} cannot be read: {error}") from error
        if missing := [name for name in self.files if name not in found]:
            raise DataError(
                f"{what} is {str(folder)!r}, where {self.name} lacks {', '.join(missing)}; "
                f"expected there or in its subfolder {self.name}/, {self.forms}. {self._advice()}"
            )
        arrays = self.load(found)
        if original := self.is_original(found, arrays):
            return self._dataset(arrays, f"full, from {place}")
        for name in DATASETS:
            other = DATASETS[name]
            if type(other) is type(self) and other.is_original(found, arrays):
                raise DataError(
                    f"{what} is {str(folder)!r}, where the files are those of {name}, "
                    f"not of {self.name}; put each set in a subfolder of its name"
                )
        if original is None:
            dataset = self._dataset(arrays, f"not checked, from {place}")
            odd = "%s: the files in %s are not checked: no sums of files in this form are published"
        else:
            dataset = self._dataset(arrays, f"not the published files, from {place}")
            odd = "%s: the files in %s are not the published ones; numbers will not compare"
        logger.warning(odd, self.name, place)
        return dataset

    def _cached(self, path: Path) -> Arrays | None:
        """Return what a cache holds, None if nothing; an error if it is not what was published."""
        found = self.find(path)
        if len(found) < len(self.files):
            return None
        arrays = self.load(found)
        if not (original := self.is_original(found, arrays)):
            why = "its SHA-256 is not that of the published files; delete it"
            if original is None:
                why = f"no sums of such files are published; --set data.folder={path} takes them"
            raise DataError(f"{path}: {why}")
        return arrays

    def _download(self, folder: Path) -> Arrays:
        found = {name: folder / name for name in self.files}
        for (name, path), sha256 in zip(found.items(), self.sha256, strict=True):
            try:
                there = self.sum_of(path) == sha256
            except (DataError, OSError):
                there = False
            if not there:
                download(f"{self.url}{name}", path, sha256=sha256, sum_of=self.sum_of)
        return self.load(found)

    def _advice(self) -> str:
        return (
            f"To have the full set, put {', '.join(self.files)} (from {self.url}) into a folder "
            f"{self.name}/ and set CONVGAN_DATA to the folder above it{self.advice}."
        )
