"""Precision, recall, density and coverage against double loops and closed forms."""

from __future__ import annotations

from math import dist, prod
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from convgan.errors import UsageError
from convgan.evaluation.metric import METRICS
from convgan.evaluation.metrics import neighbours

Rows = list[tuple[float, ...]]


class Neighbours(NamedTuple):
    precision: float
    recall: float
    density: float
    coverage: float


def evaluate_neighbours(
    generated: NDArray[np.floating], real: NDArray[np.floating], **ks: int
) -> Neighbours:
    return Neighbours(**neighbours.evaluate_neighbours(generated, real, **ks))


def radius(rows: Rows, place: int, k: int) -> float:
    others = [dist(rows[place], row) for n, row in enumerate(rows) if n != place]
    return sorted(others)[k - 1]


def by_loops(
    generated: NDArray[np.floating], real: NDArray[np.floating], manifold_k: int, density_k: int
) -> Neighbours:
    """The definitions, a pair at a time. `dist` of integers is exact enough for ties."""
    made: Rows = [tuple(row) for row in generated.tolist()]
    true: Rows = [tuple(row) for row in real.tolist()]
    precise = recalled = inside = covered = 0
    for g in made:
        precise += any(dist(g, r) <= radius(true, n, manifold_k) for n, r in enumerate(true))
    for r in true:
        recalled += any(dist(g, r) <= radius(made, n, manifold_k) for n, g in enumerate(made))
    for n, r in enumerate(true):
        hits = sum(dist(g, r) <= radius(true, n, density_k) for g in made)
        inside += hits
        covered += hits > 0
    return Neighbours(
        precision=precise / len(made),
        recall=recalled / len(true),
        density=inside / (density_k * len(made)),
        coverage=covered / len(true),
    )


def normal(count: int, dim: int, seed: int, mean: float = 0.0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(mean, 1, (count, dim)).astype(np.float32)


@pytest.mark.parametrize(("manifold_k", "density_k"), [(3, 5), (4, 1)])
def test_against_double_loops(manifold_k: int, density_k: int) -> None:
    generated, real = 1.5 * normal(17, 3, seed=1, mean=0.8), normal(27, 3, seed=2, mean=0.2)
    expected = by_loops(generated, real, manifold_k, density_k)
    found = evaluate_neighbours(generated, real, manifold_k=manifold_k, density_k=density_k)
    assert found == expected
    assert len(set(expected)) == 4


@pytest.mark.parametrize("seed", range(6))
def test_ties_and_duplicates_far_from_the_origin(seed: int) -> None:
    """On a grid most distances tie and some radii are 0; an offset of a million changes nothing."""
    rng = np.random.default_rng(seed)
    generated = rng.integers(0, 4, (23, 2)).astype(np.float64)
    real = rng.integers(1, 5, (31, 2)).astype(np.float64)
    expected = by_loops(generated, real, 3, 5)
    assert evaluate_neighbours(generated, real) == expected
    assert evaluate_neighbours(generated + 10**6, real + 10**6) == expected


def test_defaults_are_the_papers() -> None:
    generated, real = normal(20, 2, seed=3), normal(24, 2, seed=4)
    found = evaluate_neighbours(generated, real)
    assert found == evaluate_neighbours(generated, real, manifold_k=3, density_k=5)
    assert METRICS["neighbours"].protocol == {"manifold_k": 3, "density_k": 5}


@pytest.mark.parametrize("copies", [1, 7])
def test_an_exact_copy_is_inside(copies: int) -> None:
    """Seven copies of each picture leave balls of radius 0, where any rounding would show."""
    real = np.repeat(normal(40, 64, seed=5, mean=3), copies, axis=0)
    generated = np.random.default_rng(6).permutation(real)
    found = evaluate_neighbours(generated, real)
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)
    # the picture itself and its five neighbours; or its seven copies
    assert found.density == pytest.approx({1: 6 / 5, 7: 7 / 5}[copies])


def test_all_pictures_alike() -> None:
    found = evaluate_neighbours(np.tile([1.0, 2.0], (7, 1)), np.tile([1.0, 2.0], (10, 1)))
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)
    assert found.density == 10 / 5


def test_one_copied_picture() -> None:
    real = normal(60, 8, seed=7)
    generated = np.tile(real[3], (50, 1))
    found = evaluate_neighbours(generated, real)
    holding = sum(
        float(np.linalg.norm(real[3] - real[n])) <= radius(list(map(tuple, real.tolist())), n, 5)
        for n in range(60)
    )
    assert (found.precision, found.recall) == (1, 1 / 60)
    assert found.coverage == holding / 60 < 0.3
    assert found.density == pytest.approx(holding / 5)


def test_dropped_modes_cost_recall_and_coverage_only() -> None:
    modes = np.array([[-10.0, 4], [10, 4]])
    real = normal(300, 2, seed=8) + np.repeat(modes, 150, axis=0)
    both = evaluate_neighbours(normal(240, 2, seed=9) + np.repeat(modes, 120, axis=0), real)
    one = evaluate_neighbours(normal(240, 2, seed=10) + modes[0], real)
    assert min(both.precision, both.recall, both.coverage) > 0.85
    assert one.precision > 0.85
    assert 0.4 < one.recall <= 0.5
    assert 0.4 < one.coverage <= 0.5


def test_far_pictures_have_none() -> None:
    found = evaluate_neighbours(normal(30, 4, seed=11, mean=50), normal(40, 4, seed=12))
    assert found == Neighbours(0, 0, 0, 0)


def test_precision_is_the_recall_of_the_other_way() -> None:
    a, b = normal(45, 5, seed=13), 1.3 * normal(70, 5, seed=14)
    there, back = evaluate_neighbours(a, b), evaluate_neighbours(b, a)
    assert (there.precision, there.recall) == (back.recall, back.precision)
    assert there.precision != there.recall


def test_one_law_gives_the_expected_density_and_coverage() -> None:
    """Whatever the law, by symmetry: E[density] = 1; a real picture is missed when its k nearest
    of the M − 1 real and N generated pictures are all real."""
    n, m, k = 60, 40, 5
    found = [
        evaluate_neighbours(normal(n, 3, seed=s), normal(m, 3, seed=1000 + s)) for s in range(100)
    ]
    missed = prod((m - i) / (n + m - i) for i in range(1, k + 1))
    assert np.mean([numbers.density for numbers in found]) == pytest.approx(1, abs=0.05)
    assert np.mean([numbers.coverage for numbers in found]) == pytest.approx(1 - missed, abs=0.005)


def test_the_block_size_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    generated, real = normal(53, 6, seed=15), normal(41, 6, seed=16)
    generated[5:20] = real[5:20]
    whole = evaluate_neighbours(generated, real)
    for rows in (1, 7, 52, 53):
        monkeypatch.setattr(neighbours, "_ROWS", rows)
        assert evaluate_neighbours(generated, real) == whole


def test_too_few_pictures() -> None:
    few, many = normal(3, 2, seed=17), normal(9, 2, seed=18)
    with pytest.raises(UsageError, match=r"got 3 generated images.* 3th need more than 3"):
        evaluate_neighbours(few, many)
    with pytest.raises(UsageError, match=r"got 5 real images.* more than 5"):
        evaluate_neighbours(many, many[:5])
    evaluate_neighbours(many[:4], many[:6])
