"""Whether a generator copies its training pictures.

Counts the generated pictures that are not authentic in the sense of Alaa et al., 2022 (How
Faithful is your Synthetic Data?), and compares them with unseen real pictures, as Meehan et al.,
2020 (A Non-Parametric Test to Detect Data-Copying in Generative Models) do with distances.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from convgan.errors import UsageError

# Part of its length by which the features of a picture may differ from those of its copy: float32
# networks do not round alike in batches of different sizes.
_SAME = 1e-5


def evaluate_memorisation(
    generated: NDArray[np.floating], training: NDArray[np.floating], test: NDArray[np.floating]
) -> dict[str, float | int]:
    """Count the generated pictures (N, d) that lie suspiciously near to a training picture (T, d).

    A picture counts as memorised when it is nearer to a training picture, its nearest, than that
    one is to its own nearest training neighbour. Where the training picture has a duplicate, that
    distance is 0 and only a copy counts; a copy counts always.

    The share alone says little, as unseen real pictures (M, d) are often that near too: two
    thirds of them where all lie on a line, a tenth of 10,000 beside 60,000 of a normal law in 128
    dimensions. A share well above this floor speaks of copies, or of pictures more average than
    real ones, which in many dimensions are near to many: the nearest pictures show which. A share
    below it mostly means that the pictures are farther from the training pictures than real ones.

    Returns:
        memorised_share: share of the generated pictures that count as memorised.
        floor_share: the same of the test pictures.
        median_distance: median Euclidean distance of a generated picture to its nearest training
            picture, in the unit of the features.
        floor_median_distance: the same of the test pictures.
        generated, training, test: the numbers of pictures.

    Raises:
        UsageError: too few pictures.
    """
    memorised_share, median_distance = _memorised(generated, training)
    floor_share, floor_median_distance = _memorised(test, training)
    return {
        "memorised_share": memorised_share,
        "floor_share": floor_share,
        "median_distance": median_distance,
        "floor_median_distance": floor_median_distance,
        "generated": len(generated),
        "training": len(training),
        "test": len(test),
    }


def nearest_neighbours(
    queries: NDArray[np.floating], pictures: NDArray[np.floating], *, count: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find for each query (N, d) the nearest of the pictures (T, d), by their features.

    Returns:
        indices: rows of the pictures, (N, count), the nearest first.
        distances: Euclidean, (N, count); exactly 0 for a copy.

    Raises:
        UsageError: there are no queries, or fewer pictures than `count`.
    """
    if len(queries) == 0 or len(pictures) < count:
        raise UsageError(
            f"got {len(queries)} pictures to compare with {len(pictures)}; expected at least 1 "
            f"and {count}. Give more pictures."
        )
    # Both float64: other or mixed types would take scikit-learn's path with large blocks.
    search = NearestNeighbors(n_neighbors=count, algorithm="brute")
    search.fit(np.asarray(pictures, np.float64))
    indices: NDArray[np.int64] = search.kneighbors(
        np.asarray(queries, np.float64), return_distance=False
    )
    columns = [_distances(queries, pictures[column]) for column in indices.T]
    return indices, np.stack(columns, axis=1)


def _memorised(
    queries: NDArray[np.floating], training: NDArray[np.floating]
) -> tuple[float, float]:
    """Return the share of the queries that count as memorised, and their median distance."""
    indices, distances = nearest_neighbours(queries, training)
    nearest, distances = indices[:, 0], distances[:, 0]
    found, places = np.unique(nearest, return_inverse=True)
    # The nearest of the two is the picture itself, or a duplicate: then the other is at 0 as well.
    own = nearest_neighbours(training[found], training, count=2)[1][places, 1]
    copied = distances <= _SAME * np.linalg.norm(training[nearest], axis=1)
    return float(np.mean(copied | (distances < own))), float(np.median(distances))


def _distances(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the distance of each row of a to that of b, from differences: exact for copies."""
    lengths: NDArray[np.float64] = np.linalg.norm(np.subtract(a, b, dtype=np.float64), axis=1)
    return lengths
