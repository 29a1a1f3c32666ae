"""Pseudo-labels: clusters of the training images in place of labels.

After Liu et al., 2020 ("Diverse Image Generation via Self-Conditioned GANs"), and Sage et al.,
2018, but of the pixels, and once: k-means (Lloyd, 1982) of 50 principal components.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from convgan.data.image_set import Images, ImageSet, Labels
from convgan.errors import DataError

_COMPONENTS = 50
_SIDE = 32  # pixels, at least, to which larger images are averaged
_FITTED, _BATCH = 60_000, 5_000  # images; of more the components are those of the first
_MOST = 100


def number_of_clusters(count: int) -> int:
    """Return K for so many images: 100 for 60,000, 25 for 4,000, at least 2."""
    return max(2, min(_MOST, isqrt(count // 6)))


def clustered(image_set: ImageSet, seed: int, kept: Labels | None = None) -> ImageSet:
    """Return the images with their clusters for labels, the largest cluster first.

    Other versions and processors may find others: `kept` are those that were found before, (N,).

    Raises:
        DataError: there are fewer images than clusters, or a cluster is kept that is not there.
    """
    count = number_of_clusters(len(image_set))
    if len(image_set) < count:
        raise DataError(f"{image_set.name}: got {len(image_set)} picture to make clusters of")
    labels = _find(image_set, count, seed) if kept is None else kept
    names = tuple(f"cluster {number}" for number in range(1, count + 1))
    return replace(image_set, labels=labels, class_names=names)


def _find(image_set: ImageSet, count: int, seed: int) -> Labels:
    from sklearn.cluster import KMeans  # noqa: PLC0415 (a second that only clusters need)
    from sklearn.decomposition import PCA  # noqa: PLC0415

    images = image_set.images
    first = _pixels(images[:_FITTED])
    pca = PCA(min(_COMPONENTS, *first.shape), svd_solver="randomized", random_state=seed)
    with warnings.catch_warnings():  # of images that are all alike
        warnings.simplefilter("ignore")
        components = [pca.fit_transform(first)]
        components += [
            pca.transform(_pixels(images[start : start + _BATCH]))
            for start in range(_FITTED, len(images), _BATCH)
        ]
        kmeans = KMeans(count, n_init=1, random_state=seed)
        found = kmeans.fit_predict(np.concatenate(components))
    rank = np.argsort(np.argsort(-np.bincount(found, minlength=count), kind="stable"))
    return np.asarray(rank[found], np.int64)


def _pixels(images: Images) -> NDArray[np.float32]:
    """Images (N, H, W, C) as rows in [0, 1], averaged to fewer than 64 pixels on a side."""
    count, height, width, channels = images.shape
    factor = max(1, min(height, width) // _SIDE)
    height, width = height // factor, width // factor
    cells = images[:, : height * factor, : width * factor].reshape(
        count, height, factor, width, factor, channels
    )
    pixels: NDArray[np.float32] = cells.mean(axis=(2, 4), dtype=np.float32) / 255
    return pixels.reshape(count, -1)
