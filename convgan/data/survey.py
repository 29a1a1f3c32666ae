"""What is in a set of pictures before anything is trained on it: forms, copies, empty ones.

Two pictures look alike if their perceptual hashes differ in few of 64 bits. The hash is that of the
discrete cosine transform (Zauner, 2010, "Implementation and benchmarking of perceptual image hash
functions", section 3.2.1): of the picture in grey, 32×32, the lowest 8×8 frequencies without the
constant ones, each a bit: above their median or not.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from convgan.config import DataConfig
from convgan.data.pictures import fit
from convgan.errors import DataError

NEAR_BITS = 4
"""Pictures whose hashes differ in no more bits look alike."""
EMPTY_DEVIATION = 3.0
"""Nearly empty: grey levels of 0 to 255 with a smaller standard deviation."""
MOST_COMPARED = 100_000
_HASHED, _KEPT = 32, 8  # pixels and frequencies on a side
_BLOCK = 2048  # pictures that are compared with as many at once
_THUMB = 64
# Of the cosine transform's rows the lowest, without the first; their scale changes no bit.
_WAVES = np.cos(np.pi / _HASHED * np.outer(np.arange(1, _KEPT + 1), np.arange(_HASHED) + 0.5))


class Found(NamedTuple):
    """A picture of the set, or what is wrong with it."""

    name: str
    class_name: str
    """Empty where there are no classes."""
    test: bool
    picture: Image.Image | DataError


@dataclass
class Survey:
    """What was found; pictures by their index in `names`."""

    sizes: Counter[str] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    test: list[bool] = field(default_factory=list)
    copies: list[tuple[int, int]] = field(default_factory=list)
    """Each picture that has the very pixels of an earlier one, after that one."""
    alike: list[tuple[int, int]] = field(default_factory=list)
    """Each picture that only looks like an earlier one, after the nearest of these."""
    empty: list[int] = field(default_factory=list)
    thumbs: dict[str, dict[bytes, NDArray[np.uint8]]] = field(default_factory=dict)
    """Of each class the pictures of the smallest checksums, (64, 64, 3): a sample of it."""

    def class_counts(self, *, test: bool) -> Counter[str]:
        """Return how many training or test pictures each class has, in the classes' order."""
        pairs = zip(self.classes, self.test, strict=True)
        return Counter(name for name, each in pairs if each == test)

    @property
    def across(self) -> list[tuple[int, int]]:
        """Of `copies` and `alike` those with one training and one test picture."""
        return [(i, j) for i, j in self.copies + self.alike if self.test[i] != self.test[j]]


def survey(pictures: Iterable[Found], section: DataConfig, *, shown: int) -> Survey:
    """Look at each picture once; memory grows by some bytes for each.

    `shown` is how many of each class are kept as thumbnails, its square if there are none.
    """
    found, hashes, first = Survey(), list[int](), dict[bytes, int]()
    looked = tqdm(pictures, desc="looking", unit="file", disable=None)
    for name, class_name, test, picture in looked:
        if isinstance(picture, DataError):
            found.bad.append(str(picture))
            continue
        index = len(found.names)
        found.names.append(name)
        found.classes.append(class_name)
        found.test.append(test)
        found.sizes[f"{picture.width}x{picture.height}"] += 1
        found.modes[picture.mode] += 1
        pixels = fit(picture, section, size=None, channels=3)
        digest = hashlib.sha256(f"{pixels.shape}".encode())
        digest.update(np.ascontiguousarray(pixels).data)
        key = digest.digest()
        if (earlier := first.setdefault(key, index)) != index:
            found.copies.append((earlier, index))
        thumbs = found.thumbs.setdefault(class_name, {})
        if len(thumbs) < (most := shown if class_name else shown**2) or key < max(thumbs):
            thumbs[key] = fit(picture, section, size=_THUMB, channels=3)
            if len(thumbs) > most:
                del thumbs[max(thumbs)]
        grey = Image.fromarray(pixels).convert("L")
        if np.asarray(grey).std() < EMPTY_DEVIATION:
            found.empty.append(index)
        hashes.append(perceptual_hash(grey))
    different = set(range(len(hashes))) - {copy for _, copy in found.copies} - {*found.empty}
    compared = np.array(sorted(different)[:MOST_COMPARED], np.int64)
    nearest = _nearest_earlier(np.array(hashes, np.uint64)[compared])
    found.alike = [(int(compared[i]), int(compared[j])) for i, j in nearest]
    return found


def perceptual_hash(grey: Image.Image) -> int:
    """Return the 64 bits of a grey picture."""
    small = np.asarray(grey.resize((_HASHED, _HASHED), Image.Resampling.LANCZOS), np.float64)
    low = np.round(_WAVES @ small @ _WAVES.T, 3)  # what symmetry makes 0 is 0 everywhere
    return int.from_bytes(np.packbits(low > np.median(low)).tobytes(), "big")


def _nearest_earlier(hashes: NDArray[np.uint64]) -> Iterator[tuple[int, int]]:
    """Yield (i, j) for each j that looks like an earlier picture; i is the nearest of these."""
    for start in range(0, len(hashes), _BLOCK):
        rows = hashes[start : start + _BLOCK]
        best, which = np.full(len(rows), 255, np.uint8), np.zeros(len(rows), np.int64)
        for other in range(0, start + len(rows), _BLOCK):
            bits = np.bitwise_count(rows[:, None] ^ hashes[None, other : other + _BLOCK])
            if other == start:
                bits[np.triu_indices(len(rows))] = 255  # itself, and later ones
            nearest = bits.argmin(axis=1)
            value = bits[np.arange(len(rows)), nearest]
            which = np.where(value < best, other + nearest, which)
            best = np.minimum(best, value)
        for j in np.flatnonzero(best <= NEAR_BITS):
            yield int(which[j]), start + int(j)
