"""How real and how varied images are, by the nearest neighbours of their features.

Precision and recall are those of Kynkäänniemi et al., 2019 (Improved Precision and Recall Metric
for Assessing Generative Models); density and coverage those of Naeem et al., 2020 (Reliable
Fidelity and Diversity Metrics for Generative Models).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from convgan.errors import UsageError
from convgan.evaluation.metric import METRICS, Evidence, MetricResult, metric

MANIFOLD_K, DENSITY_K = 3, 5
_ROWS = 256  # generated images compared at once: 20 MB against 10,000 real ones
# |x|² + |y|² − 2xy of two copies is not quite 0. Distances that differ by less than this part of
# |x|² + |y|² count as equal; float32 features cannot tell them apart either.
_ROUNDING = 1e-12
_MEANINGS = {
    "precision": "Fraction of the generated images that lie among the real ones: are they real "
    "enough?",
    "recall": "Fraction of the real images that lie among the generated ones: is all there?",
    "density": "Like precision, less moved by stray images; it can exceed 1.",
    "coverage": "Like recall, less moved by stray images.",
}


@METRICS.add("neighbours")
@metric(protocol={"manifold_k": MANIFOLD_K, "density_k": DENSITY_K})
def neighbours_metric(evidence: Evidence) -> Iterator[MetricResult]:
    """Measure generated among test images."""
    found = evaluate_neighbours(evidence.generated.features, evidence.test.features)
    for name, value in found.items():
        yield MetricResult(
            name=name, title=name, meaning=_MEANINGS[name], value=value, direction="higher"
        )


def evaluate_neighbours(
    generated: NDArray[np.floating],
    real: NDArray[np.floating],
    *,
    manifold_k: int = MANIFOLD_K,
    density_k: int = DENSITY_K,
) -> dict[str, float]:
    """Compare generated features (N, d) with real ones (M, d), about as many.

    Around each image lies a ball that reaches to its k-th nearest neighbour of the same set.
    Its surface is part of it, as in the code of Kynkäänniemi et al. (that of Naeem et al. leaves
    it out): so the copy of an image is inside even where duplicates shrink the ball to a point.

    Two samples of the same law do not reach 1 in precision and recall; their density is 1 on
    average, their coverage 1 − 2^−k for large N = M. All four depend on counts and features.

    Precision and recall, with k = `manifold_k`, are the fraction of the generated images in the
    ball of at least one real image, and of the real ones in that of at least one generated image
    (Kynkäänniemi et al., section 2). Density and coverage, with k = `density_k`, are the mean
    number of real images whose ball holds a generated one, over k, which may exceed 1, and the
    fraction of the real images whose ball holds one (Naeem et al., section 3.2).

    Raises:
        UsageError: too few images for a k-th neighbour.
    """
    centre = np.mean(real, axis=0, dtype=np.float64)  # rounding grows with the distance from 0
    generated, real = generated - centre, real - centre
    (generated_reach,) = _squared_radii(generated, (manifold_k,), "generated")
    real_reach, real_ball = _squared_radii(real, (manifold_k, density_k), "real")

    precise = inside = 0
    recalled, covered = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for start in range(0, len(generated), _ROWS):
        rows = slice(start, start + _ROWS)
        squared = _squared_distances(generated[rows], real)  # (rows, M)
        precise += int((squared <= real_reach).any(axis=1).sum())
        recalled |= (squared <= generated_reach[rows, None]).any(axis=0)
        in_ball = squared <= real_ball
        inside += int(in_ball.sum())
        covered |= in_ball.any(axis=0)
    return {
        "precision": precise / len(generated),
        "recall": float(recalled.mean()),
        "density": inside / (density_k * len(generated)),
        "coverage": float(covered.mean()),
    }


def _squared_radii(
    features: NDArray[np.float64], ks: tuple[int, ...], name: str
) -> list[NDArray[np.float64]]:
    """Return for each k the squared distance of every image to its k-th neighbour."""
    if len(features) <= max(ks):
        raise UsageError(
            f"got {len(features)} {name} images; neighbours up to the {max(ks)}th need more "
            f"than {max(ks)}. Give more images."
        )
    search = NearestNeighbors(n_neighbors=max(ks), algorithm="brute").fit(features)
    distances, _ = search.kneighbors()  # called without images, it leaves out each one itself
    return [distances[:, k - 1] ** 2 for k in ks]


def _squared_distances(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the squared distances (len(x), len(y)), too small by the part lost in rounding."""
    squares = np.square(x).sum(axis=1)[:, None] + np.square(y).sum(axis=1)
    result: NDArray[np.float64] = (1 - _ROUNDING) * squares - 2 * (x @ y.T)
    return result
