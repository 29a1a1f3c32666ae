"""The Fréchet distance against closed forms, scipy's matrix root and laws that are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import sqrtm
from scipy.stats import ortho_group

from convgan.errors import UsageError
from convgan.evaluation.metric import MetricResult
from convgan.evaluation.metrics.frechet import (
    Gaussian,
    evaluate_frechet,
    fit_gaussian,
    frechet_distance,
)
from convgan.evaluation.metrics.frechet_extrapolated import extrapolate_frechet

Floats = NDArray[np.float64]


def detail(found: MetricResult, name: str) -> Any:
    return found.details[name]


def draw(count: int, dim: int, seed: int) -> Floats:
    """Correlated features with a mean that is not 0 and very different variances."""
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(dim, dim)) * np.geomspace(1, 0.1, dim)
    features: Floats = rng.normal(size=(count, dim)) @ mix + rng.normal(size=dim)
    return features


def law(covariance: Floats, mean: Floats | None = None) -> Gaussian:
    return Gaussian(np.zeros(len(covariance)) if mean is None else mean, covariance, 1000)


def by_sqrtm(x: Floats, y: Floats) -> float:
    """Write eq. 6 of Heusel et al., 2017, as it stands, for two sets of features."""
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    apart = ((x.mean(axis=0) - y.mean(axis=0)) ** 2).sum()
    return float(apart + np.trace(a + b - 2 * sqrtm(a @ b).real))


def test_gaussian_against_numpy() -> None:
    features = draw(2500, 7, seed=0)
    found = fit_gaussian(features)
    assert found.count == 2500
    np.testing.assert_allclose(found.mean, features.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(features, rowvar=False), rtol=1e-10)


def test_gaussian_of_a_far_mean_keeps_its_digits() -> None:
    """Squares of 10⁵ would leave float32 no digit, and float64 six, of a variance of 1."""
    features = (draw(1500, 4, seed=1) + 1e5).astype(np.float32)
    expected = np.cov(features.astype(np.float64), rowvar=False)
    np.testing.assert_allclose(fit_gaussian(features).covariance, expected, rtol=1e-11)


def test_too_few_pictures() -> None:
    with pytest.raises(UsageError, match=r"too few images, 6: .* 6 features needs more than 6"):
        fit_gaussian(draw(6, 6, seed=0))
    assert fit_gaussian(draw(7, 6, seed=0)).count == 7


def test_normals_of_one_dimension() -> None:
    """(m₁ − m₂)² + (s₁ − s₂)²: 2.5² + (3 − 0.5)²."""
    wide = law(np.array([[9.0]]), np.array([-1.0]))
    narrow = law(np.array([[0.25]]), np.array([1.5]))
    assert frechet_distance(wide, narrow) == pytest.approx(2.5**2 + 2.5**2)


def test_two_dimensions_in_closed_form() -> None:
    """Check tr (A B)^½ = √(tr A B + 2 √det A B), for matrices that do not commute."""
    a, b = np.array([[2.0, 0.7], [0.7, 0.5]]), np.array([[1.0, -0.8], [-0.8, 3.0]])
    root = np.sqrt(np.trace(a @ b) + 2 * np.sqrt(np.linalg.det(a @ b)))
    mean = np.array([0.3, -2.0])
    expected = 0.09 + 4 + 2.5 + 4 - 2 * root
    assert frechet_distance(law(a), law(b, mean)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        pytest.param(np.linspace(0.1, 2, 40), np.geomspace(3, 1e-3, 40), id="plain"),
        pytest.param(np.geomspace(1, 1e-14, 40), np.geomspace(1e-14, 1, 40), id="nearly singular"),
        pytest.param(np.linspace(1, 2, 40) * 1e-6, np.linspace(3, 1, 40) * 1e6, id="scales"),
        pytest.param(np.r_[np.ones(15), np.zeros(25)], np.linspace(0.1, 2, 40), id="singular"),
        pytest.param(np.r_[np.ones(9), np.zeros(31)], np.r_[np.zeros(9), np.ones(31)], id="apart"),
    ],
)
def test_covariances_that_commute(a: Floats, b: Floats) -> None:
    """Σ (√a − √b)² over the eigenvalues, in a basis that is not that of the features.

    Rounding makes about 1e-16 of an eigenvalue that is 0, of which the root is 1e-8.
    """
    basis = ortho_group.rvs(40, random_state=3)
    first, second = law(basis * a @ basis.T), law(basis * b @ basis.T)
    expected = ((np.sqrt(a) - np.sqrt(b)) ** 2).sum()
    rounding = 1e-7 * (a.sum() + b.sum())
    assert frechet_distance(first, second) == pytest.approx(expected, abs=rounding)
    assert frechet_distance(second, first) == pytest.approx(expected, abs=rounding)


def test_against_scipys_matrix_root() -> None:
    x, y = draw(150, 12, seed=4), draw(90, 12, seed=5) * 3
    expected = by_sqrtm(x, y)
    assert frechet_distance(fit_gaussian(x), fit_gaussian(y)) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(fit_gaussian(y), fit_gaussian(x)) == pytest.approx(expected, rel=1e-9)


def test_equal_laws_have_distance_zero_and_never_less() -> None:
    """Some features are dead (a ReLU that never fires), so the root has zeros to clip."""
    found = []
    for seed in range(20):
        features = draw(60, 20, seed)
        features[:, 13:] = 0.3
        fitted = fit_gaussian(features)
        found.append(frechet_distance(fitted, fitted))
    assert min(found) >= 0
    assert max(found) < 1e-6


def test_evaluate() -> None:
    x, y = draw(300, 5, seed=6), draw(200, 5, seed=7)
    found = evaluate_frechet(x.astype(np.float32), fit_gaussian(y), seed=1)
    assert found.value == pytest.approx(by_sqrtm(x, y), rel=1e-5)
    apart = ((x.mean(axis=0) - y.mean(axis=0)) ** 2).sum()
    assert detail(found, "mean_part") == pytest.approx(apart, rel=1e-5)
    assert detail(found, "covariance_part") == pytest.approx(by_sqrtm(x, y) - apart, rel=1e-5)
    assert (detail(found, "generated"), detail(found, "real")) == (300, 200)


def test_standard_error_is_the_spread_of_resampled_pictures() -> None:
    x, y = draw(1200, 4, seed=8), draw(500, 4, seed=9)
    counts = np.random.default_rng(5).multinomial(1200, np.full(1200, 1 / 1200), size=6)
    distances = [by_sqrtm(np.repeat(x, each, axis=0), y) for each in counts]
    found = evaluate_frechet(x, fit_gaussian(y), seed=5, resamples=6).standard_error
    assert found == pytest.approx(np.std(distances, ddof=1), rel=1e-6)


def test_standard_error_against_new_draws() -> None:
    """The law's distance from the target is far above 0, as a generator's is."""
    target = law(np.diag(np.geomspace(2, 0.1, 6)))
    found = []
    for seed in range(60):
        made = np.random.default_rng(seed).normal(size=(400, 6)) * np.linspace(0.6, 1.4, 6) + 0.2
        found.append(evaluate_frechet(made, target, seed=seed))
    spread = np.std([each.value for each in found], ddof=1)
    assert 1 / 1.5 < np.mean([each.standard_error for each in found]) / spread < 1.5


def test_extrapolation_comes_nearer_to_the_true_distance() -> None:
    variances = np.geomspace(2, 0.1, 32)
    target = law(np.diag(variances), np.full(32, 0.1))
    true = 32 * 0.1**2 + ((np.sqrt(variances) - 1.2) ** 2).sum()
    plain, extrapolated = [], []
    for seed in range(10):
        made = np.random.default_rng(seed).normal(size=(250, 32)) * 1.2
        found = extrapolate_frechet(made, target, seed=seed)
        plain.append(detail(found, "distances")[-1])
        extrapolated.append(found.value)
    assert np.mean(plain) > true
    assert abs(np.mean(extrapolated) - true) < abs(np.mean(plain) - true) / 2


@pytest.mark.parametrize(("dim", "smallest"), [(5, 80), (60, 120)])
def test_extrapolation_is_a_line_through_sizes_and_distances(dim: int, smallest: int) -> None:
    x, y = draw(400, dim, seed=10), draw(900, dim, seed=11)
    found = extrapolate_frechet(x, fit_gaussian(y), seed=2, points=5)
    sizes, distances = np.array(detail(found, "sizes")), np.array(detail(found, "distances"))
    step = (400 - smallest) // 4
    assert sizes.tolist() == [smallest + place * step for place in range(5)]
    assert distances[-1] == pytest.approx(by_sqrtm(x, y), rel=1e-6)
    line = np.c_[np.ones(5), 1 / sizes]
    expected = np.linalg.solve(line.T @ line, line.T @ distances)
    assert (found.value, detail(found, "slope")) == pytest.approx(tuple(expected))


def test_extrapolation_draws_subsets_without_replacement() -> None:
    x, y = draw(1500, 3, seed=12), draw(100, 3, seed=13)
    found = extrapolate_frechet(x, fit_gaussian(y), seed=7, points=3)
    rng = np.random.default_rng(7)
    expected = [by_sqrtm(x[rng.permutation(1500) < size], y) for size in (300, 900, 1500)]
    assert detail(found, "distances") == pytest.approx(expected, rel=1e-6)
    assert (
        detail(extrapolate_frechet(x, fit_gaussian(y), seed=8, points=3), "distances")[0]
        != detail(found, "distances")[0]
    )


def test_extrapolation_needs_three_pictures_a_feature() -> None:
    real = fit_gaussian(draw(50, 10, seed=1))
    with pytest.raises(UsageError, match=r"too few images, 29: .* 10 features needs 30"):
        extrapolate_frechet(draw(29, 10, seed=0), real, seed=0)
    extrapolate_frechet(draw(30, 10, seed=0), real, seed=0)
