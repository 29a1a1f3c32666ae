"""Fréchet distance between normal laws fitted to features (Heusel et al., 2017).

The number depends on the network that gives the features and on the numbers of images: name
them with it. It is a "FID" with the features of the original Inception network only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convgan.errors import UsageError
from convgan.evaluation.metric import METRICS, Evidence, MetricResult, metric

RESAMPLES = 20


@METRICS.add("frechet")
@metric(protocol={"covariance": "divided by N - 1", "resamples": RESAMPLES})
def frechet_metric(evidence: Evidence) -> Iterator[MetricResult]:
    """Measure generated against test images, where both are more than the features."""
    generated, test = evidence.generated.features, evidence.test.features
    if min(len(generated), len(test)) > test.shape[1]:
        yield evaluate_frechet(generated, fit_gaussian(test), seed=evidence.seed)


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A normal law: mean (d,) and covariance (d, d), estimated from `count` images."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    count: int

    @cached_property
    def root(self) -> NDArray[np.float64]:
        """The symmetric square root of the covariance."""
        values, vectors = np.linalg.eigh(self.covariance)
        root: NDArray[np.float64] = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
        return root


def fit_gaussian(features: NDArray[np.floating], counts: NDArray[Any] | None = None) -> Gaussian:
    """Estimate mean and covariance (over N − 1) of features, in float64.

    Where `counts` are given, row i occurs counts[i] times.

    Raises:
        UsageError: N is not above d, so the covariance would be singular.
    """
    count = len(features) if counts is None else int(counts.sum())
    dim = features.shape[1]
    if count <= dim:
        raise UsageError(
            f"got too few images, {count}: a Fréchet distance of {dim} features needs more than "
            f"{dim}. Use more images, or an evaluator with fewer features"
        )
    wide = np.asarray(features, np.float64)
    covariance = np.cov(wide, rowvar=False, fweights=counts).reshape(dim, dim)
    return Gaussian(np.average(wide, axis=0, weights=counts), covariance, count)


def frechet_distance(a: Gaussian, b: Gaussian) -> float:
    """|m_a − m_b|² + tr(A + B − 2 (A B)^½): symmetric, at least 0, in squared feature units.

    Heusel et al., 2017, eq. 6, after Dowson and Landau, 1982.
    """
    return sum(distance_parts(a, b))


def distance_parts(a: Gaussian, b: Gaussian) -> tuple[float, float]:
    """Return the parts from the means and from the covariances."""
    # A B and B^½ A B^½ have the same eigenvalues; the second is symmetric
    values = np.linalg.eigvalsh(b.root @ a.covariance @ b.root)
    trace = np.sqrt(values.clip(min=0)).sum()
    covariance_part = np.trace(a.covariance) + np.trace(b.covariance) - 2 * trace
    return float(np.square(a.mean - b.mean).sum()), max(0.0, float(covariance_part))


def evaluate_frechet(
    generated: NDArray[np.floating], real: Gaussian, *, seed: int, resamples: int = RESAMPLES
) -> MetricResult:
    """Compare generated features (N, d) with the law of real ones.

    The distance is biased upwards, more so for fewer images: compare equal numbers only. Its
    standard error is that of drawing the generated images, while the real ones are fixed by the
    protocol: the standard deviation over bootstrap resamples. (Their mean is biased, and not
    used.) Where both laws are equal it is about twice too large.
    """
    law, count = fit_gaussian(generated), len(generated)
    mean_part, covariance_part = distance_parts(law, real)
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), resamples)
    distances = [frechet_distance(fit_gaussian(generated, counts), real) for counts in draws]
    return MetricResult(
        name="frechet",
        title="Fréchet distance",
        meaning="How far the cloud of generated images is from that of real ones, in what the "
        "evaluator sees of them; 0 is the same centre and spread.",
        value=mean_part + covariance_part,
        standard_error=float(np.std(distances, ddof=1)),
        direction="lower",
        details={
            "mean_part": mean_part,
            "covariance_part": covariance_part,
            "generated": count,
            "real": real.count,
        },
    )
