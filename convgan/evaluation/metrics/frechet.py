"""Fréchet distance between normal laws fitted to features (Heusel et al., 2017).

The number depends on the network that gives the features and on the numbers of images: name
them with it. It is a "FID" with the features of the original Inception network only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convgan.errors import DataError, UsageError
from convgan.evaluation.metric import METRICS, Evidence, MetricResult, metric

RESAMPLES = 20
_BLOCK = 1024  # rows that are float64 at one time


@METRICS.add("frechet")
@metric(protocol={"covariance": "divided by N - 1", "resamples": RESAMPLES})
def frechet_metric(evidence: Evidence) -> Iterator[MetricResult]:
    """Measure generated against test images, where both are more than the features."""
    generated, test = evidence.generated.features, evidence.test.features
    if min(len(generated), len(test)) > test.shape[1]:
        yield evaluate_frechet(generated, test, seed=evidence.seed)


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A normal law: mean (d,) and covariance (d, d), estimated from `count` images."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    count: int


def fit_gaussian(features: NDArray[np.floating]) -> Gaussian:
    """Estimate mean and covariance (over N − 1) of features (N, d), in float64.

    Raises:
        UsageError: N is not above d, so the covariance would be singular.
        DataError: a feature is not finite.
    """
    count, dim = features.shape
    if count <= dim:
        raise UsageError(
            f"got too few images, {count}: a Fréchet distance of {dim} features needs more than "
            f"{dim}. Use more images, or an evaluator with fewer features"
        )
    if not np.isfinite(features).all():
        raise DataError(
            "got features that are NaN or infinite, expected finite numbers: the images or the "
            "evaluator's weights are damaged. Make the images or the evaluator again"
        )
    return weighted_gaussian(features, np.ones(count), features.mean(axis=0, dtype=np.float64))


def frechet_distance(a: Gaussian, b: Gaussian) -> float:
    """|m_a − m_b|² + tr(A + B − 2 (A B)^½): symmetric, at least 0, in squared feature units.

    Heusel et al., 2017, eq. 6, after Dowson and Landau, 1982.

    Raises:
        ValueError: the laws differ in their number of features.
    """
    return sum(distance_parts(a, b, root_of(b.covariance)))


def evaluate_frechet(
    generated: NDArray[np.floating],
    real: Gaussian | NDArray[np.floating],
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> MetricResult:
    """Compare generated features (N, d) with real ones: (M, d), or the law fitted to them.

    The distance is biased upwards, more so for fewer images: compare equal numbers only.

    Returns:
        the distance and its standard error, in the details its two parts and the numbers of
        images. The error is that of drawing the generated images, while the real ones are fixed
        by the protocol:
        the standard deviation over bootstrap resamples. (Their mean is biased, and not used.)
        Where both laws are equal it is about twice too large.

    Raises:
        UsageError, DataError: as `fit_gaussian`.
        ValueError: less than two resamples, or the sides differ in their number of features.
    """
    if resamples < 2:
        raise ValueError(f"got {resamples} resamples, expected at least 2")
    law, target = fit_gaussian(generated), as_gaussian(real)
    root, rng = root_of(target.covariance), np.random.default_rng(seed)
    mean_part, covariance_part = distance_parts(law, target, root)
    draws = rng.multinomial(law.count, np.full(law.count, 1 / law.count), size=resamples)
    resampled = (weighted_gaussian(generated, counts, law.mean) for counts in draws)
    distances = [sum(distance_parts(each, target, root)) for each in resampled]
    return MetricResult(
        name="frechet",
        title="Fréchet distance",
        value=mean_part + covariance_part,
        standard_error=float(np.std(distances, ddof=1)),
        direction="lower",
        details={
            "mean_part": mean_part,
            "covariance_part": covariance_part,
            "generated": law.count,
            "real": target.count,
        },
    )


def weighted_gaussian(
    features: NDArray[np.floating], counts: NDArray[Any], near: NDArray[np.float64]
) -> Gaussian:
    """Fit features of which row i occurs counts[i] times.

    One pass, with moments about a point near the mean, where their difference does not cancel.
    """
    dim, total = len(near), int(counts.sum())
    first, second = np.zeros(dim), np.zeros((dim, dim))
    for start in range(0, len(features), _BLOCK):
        block = slice(start, start + _BLOCK)
        drawn = counts[block] > 0
        weights = np.sqrt(counts[block][drawn], dtype=np.float64)
        rows = (features[block][drawn] - near) * weights[:, None]
        first += weights @ rows
        second += rows.T @ rows
    offset = first / total
    covariance = (second - total * np.outer(offset, offset)) / (total - 1)
    return Gaussian(near + offset, covariance, total)


def as_gaussian(real: Gaussian | NDArray[np.floating]) -> Gaussian:
    """Return the law itself, or the one fitted to features."""
    return real if isinstance(real, Gaussian) else fit_gaussian(real)


def root_of(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the symmetric square root of a covariance (d, d)."""
    values, vectors = np.linalg.eigh(covariance)
    root: NDArray[np.float64] = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    return root


def distance_parts(a: Gaussian, b: Gaussian, b_root: NDArray[np.float64]) -> tuple[float, float]:
    """Return the parts from the means and from the covariances, given B^½."""
    if a.mean.shape != b.mean.shape:
        raise ValueError(f"got {len(a.mean)} and {len(b.mean)} features, expected equal numbers")
    # A B and B^½ A B^½ have the same eigenvalues; the second is symmetric
    values = np.linalg.eigvalsh(b_root @ a.covariance @ b_root)
    trace = np.sqrt(values.clip(min=0)).sum()
    covariance_part = np.trace(a.covariance) + np.trace(b.covariance) - 2 * trace
    return float(np.square(a.mean - b.mean).sum()), max(0.0, float(covariance_part))
