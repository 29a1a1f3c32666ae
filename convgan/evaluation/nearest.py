"""The nearest images by their features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from convgan.errors import UsageError


def nearest_neighbours(
    queries: NDArray[np.floating], images: NDArray[np.floating], *, count: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find for each query (N, d) the nearest of the images (T, d), by their features.

    Returns rows of the images and their Euclidean distances, both (N, count), the nearest first;
    the distance of a copy is exactly 0.

    Raises:
        UsageError: there are no queries, or fewer images than `count`.
    """
    if len(queries) == 0 or len(images) < count:
        raise UsageError(
            f"got {len(queries)} images to compare with {len(images)}; expected at least 1 "
            f"and {count}. Give more images."
        )
    # Both float64: other or mixed types would take scikit-learn's path with large blocks.
    search = NearestNeighbors(n_neighbors=count, algorithm="brute")
    search.fit(np.asarray(images, np.float64))
    indices: NDArray[np.int64] = search.kneighbors(
        np.asarray(queries, np.float64), return_distance=False
    )
    distances = np.empty(indices.shape)
    for column, rows in enumerate(indices.T):  # from differences: exact for copies
        difference = np.subtract(queries, images[rows], dtype=np.float64)
        distances[:, column] = np.linalg.norm(difference, axis=1)
    return indices, distances
