"""Your own pictures as arrays in an npz archive, such as `convgan generate --npz` writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convgan.config import DataConfig
from convgan.data.image_set import Dataset, ImageSet
from convgan.data.layout import split_off_test, take_turns
from convgan.data.npz import INTEGERS, MAX_NPZ_BYTES, member_names, read_members
from convgan.data.picture_files import PARTS
from convgan.errors import DataError

_MAX_RATIO = 50  # what an archive may unpack to, above MAX_NPZ_BYTES

Classes = dict[str, list[int]]
"""The indices of a class's pictures under its label; under "" where there are no labels."""


def read_own_arrays(path: Path, section: DataConfig) -> Dataset:
    """Return the pictures of an archive, in the order that files of classes have.

    It holds `images`, uint8 (N, H, W[, C]), and `labels`, integers (N,), if there are any; or
    `x_train`, `y_train`, `x_test` and `y_test`, likewise.

    Raises:
        DataError: the archive is damaged, of another form, or its arrays do not belong together.
    """
    held = member_names(path)
    parts = [("images", "labels")] if "images" in held else [(f"x_{p}", f"y_{p}") for p in PARTS]
    types: dict[str, Sequence[str]] = {images: ("uint8",) for images, _ in parts}
    types |= {labels: INTEGERS for _, labels in parts if labels in held}
    limit = max(MAX_NPZ_BYTES, _MAX_RATIO * path.stat().st_size)
    arrays = read_members(path, types, max_bytes=limit)
    images = [_images(path, name, arrays[name]) for name, _ in parts]
    classes = [_classes(path, arrays, *names) for names in parts]
    if len(parts) == 1:
        images, classes = images * 2, list(split_off_test(classes[0], str(path)))
    if unknown := classes[1].keys() - classes[0].keys():
        raise DataError(
            f"{path}: y_test has the labels {sorted(unknown)[:8]}, which y_train does not have"
        )
    names = tuple(name for name in classes[0] if name)
    origin = f"own pictures, from {path}"
    sets = []
    for array, part in zip(images, classes, strict=True):
        chosen = take_turns(part)
        labels = np.array([names.index(name) for name, _ in chosen], np.int64) if names else None
        pictures = array[[index for _, index in chosen]]
        sets.append(ImageSet(pictures, labels, names, section.name, origin))
    return Dataset(sets[0], sets[1])


def _images(path: Path, name: str, array: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if array.ndim == 3:
        return array[..., None]
    if array.ndim != 4 or array.shape[-1] not in (1, 3):
        raise DataError(
            f"{path}: {name} is {array.shape}, expected (pictures, height, width) or "
            "(pictures, height, width, channels) with 1 or 3 channels"
        )
    return array


def _classes(path: Path, arrays: dict[str, NDArray[Any]], images: str, labels: str) -> Classes:
    """The pictures of each label, labels in the order of numbers."""
    count = len(arrays[images])
    if labels not in arrays:
        return {"": list(range(count))}
    array = arrays[labels]
    if array.size != count or len(array) != count:  # Keras has them as (N, 1), too
        raise DataError(f"{path}: {labels} is {array.shape}, expected ({count},) as {images} has")
    values, inverse = np.unique(array.ravel(), return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    groups = np.split(order, np.cumsum(np.bincount(inverse))[:-1])
    return {str(value): list(group) for value, group in zip(values, groups, strict=True)}
