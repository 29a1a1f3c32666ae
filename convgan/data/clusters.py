"""Pseudo-labels: clusters of the training images in place of labels.

After Liu et al., 2020 ("Diverse Image Generation via Self-Conditioned GANs"), and Sage et al.,
2018, but of the pixels, and once: k-means (Lloyd, 1982) of 50 principal components. A conditional
GAN on Fashion-MNIST gains nearly as much by them as by labels.
"""

from __future__ import annotations

from dataclasses import replace
from math import isqrt

import numpy as np

from convgan.data.image_set import ImageSet, Labels

_COMPONENTS = 50
_MOST = 100


def number_of_clusters(count: int) -> int:
    """Return K for so many images: 100 for 60,000, 25 for 4,000, at least 2."""
    return max(2, min(_MOST, isqrt(count // 6)))


def clustered(image_set: ImageSet, seed: int, kept: Labels | None = None) -> ImageSet:
    """Return the images with their clusters for labels, the largest cluster first.

    Other versions and processors may find others: `kept` are those that were found before, (N,).

    Raises:
        DataError: a cluster is kept that is not there.
    """
    count = number_of_clusters(len(image_set))
    labels = _find(image_set, count, seed) if kept is None else kept
    names = tuple(f"cluster {number}" for number in range(1, count + 1))
    return replace(image_set, labels=labels, class_names=names)


def _find(image_set: ImageSet, count: int, seed: int) -> Labels:
    from sklearn.cluster import KMeans  # noqa: PLC0415 (a second that only clusters need)
    from sklearn.decomposition import PCA  # noqa: PLC0415

    pixels = image_set.images.reshape(len(image_set), -1).astype(np.float32) / 255
    pca = PCA(min(_COMPONENTS, *pixels.shape), svd_solver="randomized", random_state=seed)
    components = pca.fit_transform(pixels)
    labels = KMeans(count, n_init=1, random_state=seed).fit_predict(components)
    rank = np.argsort(np.argsort(-np.bincount(labels, minlength=count), kind="stable"))
    return np.asarray(rank[labels], np.int64)
