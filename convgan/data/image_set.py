"""Labelled images in memory, as every other part of convgan gets them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from tempfile import TemporaryFile
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convgan.data.places import convgan_cache
from convgan.errors import DataError

Images: TypeAlias = NDArray[np.uint8]
Labels: TypeAlias = NDArray[np.int64]
Indices: TypeAlias = NDArray[np.integer[Any]] | Sequence[int]

MOST_IN_MEMORY = 1 << 30
"""Bytes of pictures of which memory, or a device, holds a copy; more stay in files that are mapped,
as those of own pictures are."""
_VALIDATION_STREAM = 0x76616C  # "val": keeps this draw apart from others of the same seed


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Pictures of one size with their labels; the arrays are read-only.

    Raises:
        DataError: an array has another type or shape, or a label has no class.
    """

    images: Images
    """uint8, (N, H, W, C), C 1 for grey and 3 for colour."""
    labels: Labels | None
    """int64, (N,), each an index into `class_names`; None where there are none."""
    class_names: tuple[str, ...]
    name: str
    """The data set's name, `mnist` say."""
    origin: str
    """Where the pictures came from, in words for people."""

    def __post_init__(self) -> None:
        _check_images(self.images, self.name)
        object.__setattr__(self, "images", _read_only(self.images))
        if self.labels is not None:
            _check_labels(self.labels, len(self.images), self.class_names, self.name)
            object.__setattr__(self, "labels", _read_only(self.labels))
        elif self.class_names:
            raise DataError(f"{self.name}: {len(self.class_names)} class names, but no labels")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(H, W, C)."""
        _, height, width, channels = self.images.shape
        return height, width, channels

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over shape and bytes of the images, then of the labels."""
        digest = hashlib.sha256(f"images {self.images.shape}\n".encode())
        digest.update(np.ascontiguousarray(self.images).data)
        if self.labels is not None:
            digest.update(f"labels {self.labels.shape}\n".encode())
            # Little-endian, so that every machine gets the same sum.
            digest.update(self.labels.astype("<i8").tobytes())
        return digest.hexdigest()

    def take(self, which: Indices | slice) -> ImageSet:
        """Return the pictures with these indices, in this order (a copy), or of a slice (none)."""
        chosen = which if isinstance(which, slice) else np.asarray(which, dtype=np.int64)
        labels = None if self.labels is None else self.labels[chosen]
        images = self.images[chosen] if isinstance(chosen, slice) else _copy(self.images, chosen)
        return replace(self, images=images, labels=labels)

    def head(self, count: int) -> ImageSet:
        """Return the first `count` pictures, or all where there are fewer (not a copy)."""
        return self.take(slice(count))

    def class_fractions(self) -> NDArray[np.float64]:
        """Return the fraction of the pictures that each class has, (K,)."""
        return np.array(list(self.class_counts().values())) / len(self)

    def class_counts(self) -> dict[str, int]:
        """Return how many pictures each class has; empty without labels."""
        if self.labels is None:
            return {}
        counts = np.bincount(self.labels, minlength=len(self.class_names))
        return {name: int(n) for name, n in zip(self.class_names, counts, strict=True)}


@dataclass(frozen=True, eq=False)
class Dataset:
    """Two disjoint parts of one data set, alike in picture shape and classes.

    Raises:
        DataError: a part is empty, or the parts differ.
    """

    train: ImageSet
    test: ImageSet
    left_out: tuple[str, ...] = ()
    """The files that could not be read (`data.skip_bad`), with what is wrong."""

    def __post_init__(self) -> None:
        for part, images in (("training", self.train), ("test", self.test)):
            if not len(images):
                raise DataError(f"{images.name}: the {part} part holds no pictures")
        train, test = self.train, self.test
        for what, one, other in (
            ("pictures (height, width, channels)", train.image_shape, test.image_shape),
            ("classes", train.class_names, test.class_names),
        ):
            if one != other:
                raise DataError(
                    f"{train.name}: training {what} are {one}, those of the test {other}; they "
                    "must be alike"
                )


def hold_out(image_set: ImageSet, count: int, seed: int) -> tuple[ImageSet, ImageSet]:
    """Split off `count` pictures, from each class in proportion to its size.

    Returns:
        The rest and the held-out part, both in their old order. The same seed gives the same
        split; counts that are not whole are rounded by largest remainder.

    Raises:
        DataError: `count` is negative, or would leave no picture to train with, or a copy of the
            rest finds no room.
    """
    if not 0 <= count < len(image_set):
        raise DataError(
            f"{image_set.name}: cannot hold out {count:,} of {len(image_set):,} pictures; "
            "data.validation must be at least 0 and less than the number of training pictures"
        )
    if count == 0:
        return image_set, image_set.head(0)
    labels = np.zeros(len(image_set), np.int64) if image_set.labels is None else image_set.labels
    members = np.bincount(labels, minlength=1)
    # Whole numbers throughout: a float fraction could round past the exact count.
    quotas, remainders = np.divmod(count * members, len(image_set))
    extra = np.argsort(-remainders, kind="stable")[: count - int(quotas.sum())]
    quotas[extra] += 1

    rng = np.random.default_rng([seed, _VALIDATION_STREAM])
    held = np.zeros(len(image_set), bool)
    for label, quota in enumerate(quotas):
        held[rng.permutation(np.flatnonzero(labels == label))[:quota]] = True
    return image_set.take(np.flatnonzero(~held)), image_set.take(np.flatnonzero(held))


def _copy(images: Images, chosen: NDArray[np.int64]) -> Images:
    """Return these pictures, in memory or, if they are too many, as the map of a nameless file."""
    shape = (len(chosen), *images.shape[1:])
    if math.prod(shape) <= MOST_IN_MEMORY:
        return images[chosen]
    folder = convgan_cache()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder) as file:
            for start in range(0, len(chosen), 1000):
                file.write(images[chosen[start : start + 1000]].data)
            file.flush()
            return np.memmap(file, np.uint8, "r", shape=shape)
    except OSError as error:
        size = f"{math.prod(shape) / 1e9:.1f} GB"
        raise DataError(
            f"{folder}: no room for a copy of {len(chosen):,} pictures, {size}: {error.strerror}. "
            "data.validation=0 needs none"
        ) from error


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = np.asarray(array).view()  # a view, so that the caller's own array stays writable
    view.flags.writeable = False
    return view


def _check_images(images: Images, name: str) -> None:
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3):
        raise DataError(
            f"{name}: images are {images.dtype} {images.shape}; expected uint8 "
            "(pictures, height, width, channels) with 1 or 3 channels"
        )
    if 0 in images.shape[1:]:
        raise DataError(f"{name}: pictures of height or width 0: {images.shape}")


def _check_labels(labels: Labels, count: int, class_names: tuple[str, ...], name: str) -> None:
    if labels.dtype != np.int64 or labels.shape != (count,):
        raise DataError(
            f"{name}: labels are {labels.dtype} {labels.shape}; expected int64 ({count},), "
            "one for each picture"
        )
    if len(set(class_names)) != len(class_names):
        raise DataError(f"{name}: a class name stands twice in {class_names}")
    if count and not 0 <= int(labels.min()) <= int(labels.max()) < len(class_names):
        raise DataError(
            f"{name}: labels run from {labels.min()} to {labels.max()}, "
            f"but there are {len(class_names)} class names (0 to {len(class_names) - 1})"
        )
