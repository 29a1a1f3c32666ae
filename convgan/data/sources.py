"""Find a data set: the first place that has it, in an order that hides nothing.

An explicit folder (data.folder or CONVGAN_DATA) is used or is an error. Without one: Keras's
cache, the operating system's package, convgan's own downloads, a download, and last the bundled
sample, with a warning.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from convgan.data.download import download_idx
from convgan.data.folder import load_folder
from convgan.data.idx import idx_sha256, read_idx, read_idx_pair
from convgan.data.image_set import Dataset
from convgan.data.npz import read_npz
from convgan.data.pictures import fit_dataset
from convgan.data.places import convgan_cache, keras_datasets, system_folders
from convgan.data.published import IDX_FILES, PUBLISHED, Published
from convgan.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from convgan.config import Data

Arrays: TypeAlias = "Sequence[NDArray[np.uint8]]"
"""Training images (N, H, W) and labels (N,), then those of the test."""
Reader: TypeAlias = "Callable[[Published, Path], Arrays | None]"
"""Gives None if nothing is there; raises DataError if it is damaged or not what was published."""

logger = logging.getLogger("convgan")


def load_dataset(data: Data) -> Dataset:
    """The pictures that a configuration's `data` section asks for.

    `limit`, `channels` and `image_size` are applied; `validation` is left to the caller, see
    `hold_out`.

    Raises:
        DataError: the data is missing or damaged, or only a sample is there and the full set
            is asked for.
    """
    if data.name == "folder":
        if data.source == "sample":
            raise DataError("data.source 'sample': there is no sample of one's own pictures")
        return load_folder(data)
    dataset = _find(PUBLISHED[data.name], data)
    if data.limit is not None:
        dataset = Dataset(dataset.train.head(data.limit), dataset.test)
    return fit_dataset(dataset, size=data.image_size, channels=data.channels)


def _find(published: Published, data: Data) -> Dataset:
    if data.source == "sample":
        if data.folder is not None:
            raise DataError(
                f"data.source 'sample' and data.folder {str(data.folder)!r} contradict each "
                "other; leave one of them out"
            )
        return _sample(published)
    if data.folder is not None:
        return _explicit(published, data.folder, "data.folder")
    if from_environment := os.environ.get("CONVGAN_DATA"):
        return _explicit(published, Path(from_environment), "CONVGAN_DATA")

    for place, read in _caches(published):
        try:
            arrays = read(published, place)
        except DataError as error:
            logger.warning("%s: going on to the next source, since %s", published.name, error)
            continue
        if arrays is not None:
            return published.dataset(arrays, f"full, from {place}")
    try:
        return published.dataset(_download(published), "full, downloaded")
    except DataError as error:
        if data.source == "full":
            raise DataError(
                f"the full {published.name} data set was not found: {error}. {_advice(published)}"
            ) from error
        logger.warning(
            "%s: no full set was found, so the bundled sample is used (4,000 of 60,000 training "
            "pictures); numbers will not compare with those of the full set.\n"
            "  why: %s\n  how to have it: set CONVGAN_DATA to its folder, see convgan's README",
            published.name,
            error,
        )
    return _sample(published)


def _caches(published: Published) -> list[tuple[Path, Reader]]:
    """The places to look, each with what reads it."""
    keras = keras_datasets()
    folders = [keras / published.name, *system_folders(published.name), _own_cache(published)]
    return [
        (keras / f"{published.name}.npz", _read_cached_npz),
        *((folder, _read_cached_idx) for folder in folders),
    ]


def _explicit(published: Published, folder: Path, what: str) -> Dataset:
    """The set from the folder that the user named, which need not be the published one."""
    folder = folder.expanduser()
    for place in (folder / published.name, folder):
        files = _idx_files(place)
        if any(files):
            break
    missing = [name for name, path in zip(IDX_FILES, files, strict=True) if path is None]
    if missing:
        raise DataError(
            f"{what} is {str(folder)!r}, where {published.name} lacks {', '.join(missing)}; "
            f"expected there or in its subfolder {published.name}/, plain or with .gz. "
            f"{_advice(published)}"
        )
    arrays = _read_idx_files([path for path in files if path is not None], published)
    if published.is_original(arrays):
        return published.dataset(arrays, f"full, from {place}")
    for other in PUBLISHED.values():
        if other.is_original(arrays):
            raise DataError(
                f"{what} is {str(folder)!r}, where the files are those of {other.name}, "
                f"not of {published.name}; put each set in a subfolder of its name"
            )
    logger.warning(
        "%s: the files in %s are not the published ones; numbers will not compare",
        published.name,
        place,
    )
    return published.dataset(arrays, f"not the published files, from {place}")


def _sample(published: Published) -> Dataset:
    arrays = read_npz(published.sample, num_classes=len(published.class_names))
    return published.dataset(arrays, f"bundled sample ({len(arrays[0]):,} of 60,000)")


def _read_cached_npz(published: Published, path: Path) -> Arrays | None:
    if not path.is_file():
        return None
    arrays = read_npz(path, num_classes=len(published.class_names))
    return _only_original(published, arrays, path)


def _read_cached_idx(published: Published, folder: Path) -> Arrays | None:
    files = _idx_files(folder)
    if None in files:
        return None
    arrays = _read_idx_files([path for path in files if path is not None], published)
    return _only_original(published, arrays, folder)


def _own_cache(published: Published) -> Path:
    return convgan_cache() / "datasets" / published.name


def _download(published: Published) -> Arrays:
    folder = _own_cache(published)
    for name, sha256 in zip(IDX_FILES, published.sha256, strict=True):
        target = folder / f"{name}.gz"
        if not _is_file_with(target, sha256):
            download_idx(f"{published.url}{name}.gz", target, sha256=sha256)
    return _read_idx_files([folder / f"{name}.gz" for name in IDX_FILES], published)


def _is_file_with(path: Path, sha256: str) -> bool:
    try:
        return idx_sha256(read_idx(path)) == sha256
    except DataError:
        return False


def _idx_files(folder: Path) -> list[Path | None]:
    """The four files, each None if it is neither there plain nor gzipped."""
    return [
        next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)
        for name in IDX_FILES
    ]


def _read_idx_files(files: Sequence[Path], published: Published) -> Arrays:
    num_classes = len(published.class_names)
    return [
        *read_idx_pair(files[0], files[1], num_classes=num_classes),
        *read_idx_pair(files[2], files[3], num_classes=num_classes),
    ]


def _only_original(published: Published, arrays: Arrays, path: Path) -> Arrays:
    if not published.is_original(arrays):
        raise DataError(f"{path}: its SHA-256 is not that of the published files; delete it")
    return arrays


def _advice(published: Published) -> str:
    package = " or install the Debian package dataset-fashion-mnist"
    return (
        f"To have the full set, put {', '.join(f'{name}.gz' for name in IDX_FILES)} into a folder "
        f"{published.name}/ and set CONVGAN_DATA to the folder above it"
        f"{package if published.name == 'fashion-mnist' else ''}."
    )
