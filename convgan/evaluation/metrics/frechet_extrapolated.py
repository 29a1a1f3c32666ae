"""Fréchet distance extrapolated to infinitely many generated images (Chong and Forsyth, 2020)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from convgan.errors import UsageError
from convgan.evaluation.metric import METRICS, Evidence, MetricResult, metric
from convgan.evaluation.metrics.frechet import (
    Gaussian,
    as_gaussian,
    distance_parts,
    fit_gaussian,
    root_of,
    weighted_gaussian,
)

POINTS = 15


@METRICS.add("frechet_extrapolated")
@metric(protocol={"points": POINTS}, reference=False, option="extrapolate")
def frechet_extrapolated_metric(evidence: Evidence) -> Iterator[MetricResult]:
    """Extrapolate the distance of the generated from the test images."""
    yield extrapolate_frechet(
        evidence.generated.features, evidence.test.features, seed=evidence.seed
    )


def extrapolate_frechet(
    generated: NDArray[np.floating],
    real: Gaussian | NDArray[np.floating],
    *,
    seed: int,
    points: int = POINTS,
) -> MetricResult:
    """Estimate the distance of infinitely many generated images (Chong and Forsyth, 2020).

    Random subsets, of sizes evenly spaced up to N, give distances whose bias falls as 1 / size;
    the line through them is read at 0. The real side is taken as it is: its own bias remains.

    Returns:
        the distance at infinity (noise may bring it below 0); in the details the slope over
        1 / size, and the sizes and distances that the line was fitted to.

    Raises:
        UsageError: less than 3 images a feature; and as `fit_gaussian`.
        DataError: as `fit_gaussian`.
        ValueError: less than two points, or the sides differ in their number of features.
    """
    if points < 2:
        raise ValueError(f"got {points} points, expected at least 2")
    law, target = fit_gaussian(generated), as_gaussian(real)
    dim = len(law.mean)
    if law.count < 3 * dim:
        raise UsageError(
            f"got too few images, {law.count}: extrapolating a Fréchet distance of {dim} "
            f"features needs {3 * dim}. Use more images, or an evaluator with fewer features"
        )
    root, rng = root_of(target.covariance), np.random.default_rng(seed)
    # below two images per feature the bias is no longer a line in 1 / size
    sizes = np.linspace(max(law.count // 5, 2 * dim), law.count, points).astype(int)
    draws = (rng.permutation(law.count) < size for size in sizes)
    subsets = (weighted_gaussian(generated, drawn, law.mean) for drawn in draws)
    distances = [sum(distance_parts(each, target, root)) for each in subsets]
    slope, intercept = np.polyfit(1 / sizes, distances, 1)
    return MetricResult(
        name="frechet_extrapolated",
        title="Fréchet distance for infinite samples",
        value=float(intercept),
        direction="lower",
        details={"slope": float(slope), "sizes": sizes.tolist(), "distances": distances},
    )
