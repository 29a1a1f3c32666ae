"""Fréchet distance between normal laws fitted to features (Heusel et al., 2017).

The number depends on the network that gives the features and on the numbers of pictures: name
them with it. It is a "FID" with the features of the original Inception network only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convgan.errors import DataError, UsageError

_BLOCK = 1024  # rows that are float64 at one time


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A normal law: mean (d,) and covariance (d, d), estimated from `count` pictures."""

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
            f"got too few pictures, {count}: a Fréchet distance of {dim} features needs more than "
            f"{dim}. Use more pictures, or an evaluator with fewer features"
        )
    if not np.isfinite(features).all():
        raise DataError(
            "got features that are NaN or infinite, expected finite numbers: the pictures or the "
            "evaluator's weights are damaged. Make the pictures or the evaluator again"
        )
    return _weighted_gaussian(features, np.ones(count), features.mean(axis=0, dtype=np.float64))


def frechet_distance(a: Gaussian, b: Gaussian) -> float:
    """|m_a − m_b|² + tr(A + B − 2 (A B)^½): symmetric, at least 0, in squared feature units.

    Heusel et al., 2017, eq. 6, after Dowson and Landau, 1982.

    Raises:
        ValueError: the laws differ in their number of features.
    """
    return sum(_parts(a, b, _root(b.covariance)))


def evaluate_frechet(
    generated: NDArray[np.floating],
    real: Gaussian | NDArray[np.floating],
    *,
    seed: int,
    resamples: int = 20,
) -> dict[str, Any]:
    """Compare generated features (N, d) with real ones: (M, d), or the law fitted to them.

    The distance is biased upwards, more so for fewer pictures: compare equal numbers only.

    Returns:
        the distance, its two parts, its standard error and the numbers of pictures. The error is
        that of drawing the generated pictures, while the real ones are fixed by the protocol:
        the standard deviation over bootstrap resamples. (Their mean is biased, and not used.)
        Where both laws are equal it is about twice too large.

    Raises:
        UsageError, DataError: as `fit_gaussian`.
        ValueError: less than two resamples, or the sides differ in their number of features.
    """
    if resamples < 2:
        raise ValueError(f"got {resamples} resamples, expected at least 2")
    law, target = fit_gaussian(generated), _as_gaussian(real)
    root, rng = _root(target.covariance), np.random.default_rng(seed)
    mean_part, covariance_part = _parts(law, target, root)
    draws = rng.multinomial(law.count, np.full(law.count, 1 / law.count), size=resamples)
    resampled = (_weighted_gaussian(generated, counts, law.mean) for counts in draws)
    distances = [sum(_parts(each, target, root)) for each in resampled]
    return {
        "distance": mean_part + covariance_part,
        "mean_part": mean_part,
        "covariance_part": covariance_part,
        "standard_error": float(np.std(distances, ddof=1)),
        "generated": law.count,
        "real": target.count,
    }


def extrapolate_frechet(
    generated: NDArray[np.floating],
    real: Gaussian | NDArray[np.floating],
    *,
    seed: int,
    points: int = 15,
) -> dict[str, Any]:
    """Estimate the distance of infinitely many generated pictures (Chong and Forsyth, 2020).

    Random subsets, of sizes evenly spaced up to N, give distances whose bias falls as 1 / size;
    the line through them is read at 0. The real side is taken as it is: its own bias remains.

    Returns:
        the distance at infinity (noise may bring it below 0), the slope over 1 / size, and the
        sizes and distances that the line was fitted to.

    Raises:
        UsageError: less than 3 pictures a feature; and as `fit_gaussian`.
        DataError: as `fit_gaussian`.
        ValueError: less than two points, or the sides differ in their number of features.
    """
    if points < 2:
        raise ValueError(f"got {points} points, expected at least 2")
    law, target = fit_gaussian(generated), _as_gaussian(real)
    dim = len(law.mean)
    if law.count < 3 * dim:
        raise UsageError(
            f"got too few pictures, {law.count}: extrapolating a Fréchet distance of {dim} "
            f"features needs {3 * dim}. Use more pictures, or an evaluator with fewer features"
        )
    root, rng = _root(target.covariance), np.random.default_rng(seed)
    # below two pictures a feature the bias is no longer a line in 1 / size
    sizes = np.linspace(max(law.count // 5, 2 * dim), law.count, points).astype(int)
    draws = (rng.permutation(law.count) < size for size in sizes)
    subsets = (_weighted_gaussian(generated, drawn, law.mean) for drawn in draws)
    distances = [sum(_parts(each, target, root)) for each in subsets]
    slope, intercept = np.polyfit(1 / sizes, distances, 1)
    return {
        "distance_at_infinity": float(intercept),
        "slope": float(slope),
        "sizes": sizes.tolist(),
        "distances": distances,
    }


def _weighted_gaussian(
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


def _as_gaussian(real: Gaussian | NDArray[np.floating]) -> Gaussian:
    return real if isinstance(real, Gaussian) else fit_gaussian(real)


def _root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(covariance)
    root: NDArray[np.float64] = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    return root


def _parts(a: Gaussian, b: Gaussian, b_root: NDArray[np.float64]) -> tuple[float, float]:
    """Return the parts from the means and from the covariances, given B^½."""
    if a.mean.shape != b.mean.shape:
        raise ValueError(f"got {len(a.mean)} and {len(b.mean)} features, expected equal numbers")
    # A B and B^½ A B^½ have the same eigenvalues; the second is symmetric
    values = np.linalg.eigvalsh(b_root @ a.covariance @ b_root)
    trace = np.sqrt(values.clip(min=0)).sum()
    covariance_part = np.trace(a.covariance) + np.trace(b.covariance) - 2 * trace
    return float(np.square(a.mean - b.mean).sum()), max(0.0, float(covariance_part))
