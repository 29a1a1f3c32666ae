"""The kernel distance against loops over the definition, and its error against new draws."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from convgan.errors import UsageError
from convgan.evaluation.metric import MetricResult
from convgan.evaluation.metrics.kernel_distance import evaluate_kernel_distance

Floats = NDArray[np.float64]


def detail(found: MetricResult, name: str) -> Any:
    return found.details[name]


def draw(count: int, dim: int, seed: int, mean: float = 0.5) -> Floats:
    rng = np.random.default_rng(seed)
    features: Floats = rng.normal(size=(count, dim)) * np.linspace(0.5, 2, dim) + mean
    return features


def kernel(a: Floats, b: Floats) -> float:
    return float((sum(p * q for p, q in zip(a, b, strict=True)) / len(a) + 1) ** 3)


def by_loops(x: Floats, y: Floats) -> float:
    """Write the unbiased estimator of Gretton et al., 2012, lemma 6, as it stands."""
    n, m = len(x), len(y)
    among_x = sum(kernel(x[i], x[j]) for i in range(n) for j in range(n) if i != j)
    among_y = sum(kernel(y[i], y[j]) for i in range(m) for j in range(m) if i != j)
    across = sum(kernel(a, b) for a in x for b in y)
    return among_x / (n * (n - 1)) + among_y / (m * (m - 1)) - 2 * across / (n * m)


def test_all_pictures_against_loops() -> None:
    x, y = draw(9, 4, seed=0), draw(9, 4, seed=1, mean=-1)
    found = evaluate_kernel_distance(x, y, seed=0, subsets=3)
    assert found.value == pytest.approx(by_loops(x, y), rel=1e-12)
    assert detail(found, "subset_deviation") == pytest.approx(0, abs=1e-12)
    assert (detail(found, "subsets"), detail(found, "subset_size")) == (3, 9)
    assert (detail(found, "generated"), detail(found, "real")) == (9, 9)


def test_subsets_against_all_that_there_are() -> None:
    """From 5 and 3 pictures 10 pairs of subsets of 3 can be drawn; their mean uses all pictures."""
    x, y = draw(5, 2, seed=2), draw(3, 2, seed=3, mean=0)
    every = [by_loops(x[list(rows)], y) for rows in combinations(range(5), 3)]
    assert np.mean(every) == pytest.approx(by_loops(x, y), rel=1e-12)
    found = [evaluate_kernel_distance(x, y, seed=seed, subsets=2) for seed in range(1000)]
    assert detail(found[0], "subset_size") == 3
    distance = np.mean([each.value for each in found])
    assert distance == pytest.approx(np.mean(every), abs=5 * np.std(every) / 2000**0.5)
    variance = np.mean([detail(each, "subset_deviation") ** 2 for each in found])
    assert variance == pytest.approx(np.var(every), rel=0.2)


def test_a_subset_draws_from_both_sides() -> None:
    """With a side of 2 pictures that are equal, only the other side's choice moves the number."""
    many, pair = draw(50, 3, seed=4), np.ones((2, 3))
    for x, y in ((many, pair), (pair, many)):
        found = evaluate_kernel_distance(x, y, seed=0, subsets=20)
        assert detail(found, "subset_size") == 2
        assert detail(found, "subset_deviation") > 0.1


def test_numbers_are_float64() -> None:
    """At features of 300 the kernel is about 10¹⁵ and its differences would drown in float32."""
    x, y = draw(8, 3, seed=5, mean=300).astype(np.float32), draw(8, 3, seed=6, mean=301)
    expected = by_loops(x.astype(np.float64), y)
    found = evaluate_kernel_distance(x, y, seed=0, subsets=2).value
    assert found == pytest.approx(expected, rel=1e-9)


def test_equal_laws_are_at_zero_in_the_mean() -> None:
    """Terms i = j would add their share of E k(x, x) − E k(x, x′), here far above the noise."""
    found = [
        evaluate_kernel_distance(
            draw(40, 5, seed), draw(60, 5, seed + 1000), seed=seed, subsets=4, subset_size=20
        ).value
        for seed in range(200)
    ]
    x = draw(200, 5, seed=9999)
    own = np.mean([kernel(a, a) for a in x])
    others = np.mean([kernel(x[i], x[i - 1]) for i in range(200)])
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found)) < 4 * error < (own - others) / 20


def test_identical_sets() -> None:
    """A picture meets itself across the sets only: −2 / N (E k(x, x) − E k(x, x′)), below 0."""
    x = draw(12, 3, seed=7)
    own = np.mean([kernel(a, a) for a in x])
    others = np.mean([kernel(x[i], x[j]) for i in range(12) for j in range(12) if i != j])
    found = evaluate_kernel_distance(x, x, seed=0, subsets=2).value
    assert found == pytest.approx(-2 / 12 * (own - others), rel=1e-9)
    assert found < 0


@pytest.mark.parametrize(
    ("count", "real_count", "options"),
    [
        pytest.param(400, 400, {"subsets": 20, "subset_size": 80}, id="subsets of both"),
        pytest.param(600, 100, {"subsets": 10, "subset_size": 80}, id="fewer real pictures"),
        pytest.param(150, 500, {"subsets": 10}, id="all generated pictures"),
        pytest.param(150, 150, {"subsets": 2}, id="all pictures"),
        pytest.param(800, 800, {"subsets": 2, "subset_size": 50}, id="few small subsets"),
    ],
)
def test_standard_error_against_new_draws(
    count: int, real_count: int, options: dict[str, Any]
) -> None:
    found = [
        evaluate_kernel_distance(
            draw(count, 5, seed), draw(real_count, 5, seed + 1000, mean=0), seed=seed, **options
        )
        for seed in range(80)
    ]
    spread = np.std([each.value for each in found], ddof=1)
    errors = [each.standard_error or 0.0 for each in found]
    assert 0.8 < np.sqrt(np.mean(np.square(errors))) / spread < 1.25


def test_the_seed_draws_the_subsets() -> None:
    x, y = draw(50, 3, seed=0), draw(40, 3, seed=1)
    first = evaluate_kernel_distance(x, y, seed=0, subsets=3, subset_size=10)
    assert detail(first, "subset_size") == 10
    assert evaluate_kernel_distance(x, y, seed=0, subsets=3, subset_size=10) == first
    other = evaluate_kernel_distance(x, y, seed=1, subsets=3, subset_size=10)
    assert other.value != first.value


def test_arguments_that_cannot_be() -> None:
    x = draw(5, 3, seed=0)
    with pytest.raises(UsageError, match="got 1 generated and 5 real images"):
        evaluate_kernel_distance(x[:1], x, seed=0)
    with pytest.raises(UsageError, match="got 5 generated and 0 real images"):
        evaluate_kernel_distance(x, x[:0], seed=0)
    with pytest.raises(ValueError, match="Incompatible dimension"):
        evaluate_kernel_distance(x, x[:, :2], seed=0)


@pytest.mark.parametrize(("generated", "real"), [(30, 30), (30, 50), (50, 30)])
def test_what_does_not_change_between_subsets_is_computed_once(generated: int, real: int) -> None:
    """One subset that is the whole side has the mean of many; drawing it gives the same."""
    rng = np.random.default_rng(6)
    x, y = rng.normal(1, 1, (generated, 4)), rng.normal(0, 2, (real, 4))
    found = evaluate_kernel_distance(x, y, seed=3, subsets=7)
    draws = np.random.default_rng(3)
    estimates = []
    for _ in range(7):
        parts = [side[draws.choice(len(side), 30, replace=False)] for side in (x, y)]
        estimates.append(evaluate_kernel_distance(*parts, seed=0, subsets=2).value)
    assert found.value == pytest.approx(np.mean(estimates), rel=1e-12)
    assert found.details["subset_deviation"] == pytest.approx(np.std(estimates, ddof=1), abs=1e-12)
    assert found.details["subsets"] == 7
