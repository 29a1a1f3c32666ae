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

    Returns:
        indices: rows of the images, (N, count), the nearest first.
        distances: Euclidean, (N, count); exactly 0 for a copy.

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
    columns = [_distances(queries, images[column]) for column in indices.T]
    return indices, np.stack(columns, axis=1)


def _distances(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the distance of each row of a to that of b, from differences: exact for copies."""
    lengths: NDArray[np.float64] = np.linalg.norm(np.subtract(a, b, dtype=np.float64), axis=1)
    return lengths
