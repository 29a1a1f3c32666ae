"""Fréchet distance extrapolated to infinitely many generated images (Chong and Forsyth, 2020)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from convgan.errors import UsageError
from convgan.evaluation.metric import METRICS, Evidence, MetricResult, metric
from convgan.evaluation.metrics.frechet import Gaussian, fit_gaussian, frechet_distance

POINTS = 15


@METRICS.add("frechet_extrapolated")
@metric(protocol={"points": POINTS}, reference=False, option="extrapolate")
def frechet_extrapolated_metric(evidence: Evidence) -> Iterator[MetricResult]:
    """Extrapolate the distance of the generated from the test images."""
    real = fit_gaussian(evidence.test.features)
    yield extrapolate_frechet(evidence.generated.features, real, seed=evidence.seed)


def extrapolate_frechet(
    generated: NDArray[np.floating], real: Gaussian, *, seed: int, points: int = POINTS
) -> MetricResult:
    """Estimate the distance of infinitely many generated images, of which these (N, d) are some.

    Random subsets, of sizes evenly spaced up to N, give distances whose bias falls as 1 / size;
    the line through them is read at 0, and noise may bring that below 0. The real side is taken
    as it is: its own bias remains.

    Raises:
        UsageError: fewer than 3 images per feature.
    """
    count, dim = generated.shape
    if count < 3 * dim:
        raise UsageError(
            f"got too few images, {count}: extrapolating a Fréchet distance of {dim} "
            f"features needs {3 * dim}. Use more images, or an evaluator with fewer features"
        )
    rng = np.random.default_rng(seed)
    # below two images per feature the bias is no longer a line in 1 / size
    sizes = np.linspace(max(count // 5, 2 * dim), count, points).astype(int)
    subsets = (generated[rng.permutation(count) < size] for size in sizes)
    distances = [frechet_distance(fit_gaussian(subset), real) for subset in subsets]
    slope, intercept = np.polyfit(1 / sizes, distances, 1)
    return MetricResult(
        name="frechet_extrapolated",
        title="Fréchet distance for infinite samples",
        meaning="The same, without the part that comes from looking at a finite number of them.",
        value=float(intercept),
        direction="lower",
        details={"slope": float(slope), "sizes": sizes.tolist(), "distances": distances},
    )
