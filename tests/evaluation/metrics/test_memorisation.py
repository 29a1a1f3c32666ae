"""Nearest training pictures and copies against double loops and known laws."""

from __future__ import annotations

from math import dist, pi, sqrt
from statistics import median
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from convgan.errors import UsageError
from convgan.evaluation.metric import MetricResult
from convgan.evaluation.metrics.memorisation import evaluate_memorisation
from convgan.evaluation.nearest import nearest_neighbours


def detail(found: MetricResult, name: str) -> Any:
    return found.details[name]


def normal(count: int, dim: int, seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(2, 1, (count, dim)).astype(np.float32)


def by_loops(queries: NDArray[np.floating], training: NDArray[np.floating]) -> tuple[float, float]:
    """Share of the memorised pictures and median distance, a pair at a time."""
    memorised, nearest = 0, []
    for query in queries.tolist():
        distances = [dist(query, row) for row in training.tolist()]
        t = distances.index(min(distances))
        own = min(dist(training[t], row) for n, row in enumerate(training) if n != t)
        memorised += distances[t] == 0 or distances[t] < own
        nearest.append(distances[t])
    return memorised / len(queries), median(nearest)


@pytest.mark.parametrize("seed", range(3))
def test_against_double_loops(seed: int) -> None:
    generated, training, test = normal(30, 3, seed), normal(21, 3, seed + 10), normal(14, 3, 99)
    training[4:7] = training[3]  # four alike: a search for two may miss the picture itself
    generated[0], generated[1], generated[2] = training[5], training[3] + 1e-3, training[8]
    found = evaluate_memorisation(generated, training, test)
    fraction, distance = by_loops(generated, training)
    reference, reference_distance = by_loops(test, training)
    assert (found.value, found.reference) == (fraction, reference)
    assert found.details == {
        "median_distance": pytest.approx(distance),
        "reference_median_distance": pytest.approx(reference_distance),
        "generated": 30,
        "training": 21,
        "test": 14,
    }
    assert fraction != reference


@pytest.mark.parametrize("count", [1, 3])
def test_nearest_neighbours_by_a_double_loop(count: int) -> None:
    queries, pictures = normal(18, 4, seed=1), normal(33, 4, seed=2)
    indices, distances = nearest_neighbours(queries, pictures, count=count)
    table = [[dist(a, b) for b in pictures.tolist()] for a in queries.tolist()]
    order = [sorted(range(33), key=row.__getitem__)[:count] for row in table]
    assert indices.tolist() == order
    expected = [[row[n] for n in places] for row, places in zip(table, order, strict=True)]
    np.testing.assert_allclose(distances, expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_distance_of_a_copy_is_0(dtype: type[np.floating]) -> None:
    pictures: NDArray[np.floating] = (100 + normal(200, 128, seed=3)).astype(dtype)
    places = np.random.default_rng(4).permutation(200)[:50]
    indices, distances = nearest_neighbours(pictures[places], pictures)
    assert np.array_equal(indices[:, 0], places)
    assert np.array_equal(distances, np.zeros((50, 1)))


def test_a_copying_generator_is_called_out() -> None:
    training, test = normal(300, 16, seed=5), normal(80, 16, seed=6)
    copied = training[np.random.default_rng(7).integers(300, size=70)]
    nudged = copied + 0.05 * normal(70, 16, seed=8)
    one = np.tile(training[41], (60, 1))
    for generated in (copied, nudged, one):
        found = evaluate_memorisation(generated, training, test)
        assert found.value == 1
        assert (found.reference or 1) < 0.7
        assert detail(found, "median_distance") < 0.2 * detail(found, "reference_median_distance")


def test_duplicates_in_the_training_set() -> None:
    """Nothing but a copy is nearer to a picture than its duplicate, and a copy need not be exact:
    features of one picture differ in their last digits from batch to batch."""
    training = np.repeat(normal(50, 16, seed=9), 2, axis=0)
    copies = training[10:30] * np.float32(1 + 1e-6)
    found = evaluate_memorisation(copies, training, normal(40, 16, seed=10))
    assert found.value == 1
    assert 0 < detail(found, "median_distance") < 1e-4
    assert found.reference == 0


def test_one_law_gives_the_floor() -> None:
    found = evaluate_memorisation(normal(800, 4, 11), normal(1500, 4, 12), normal(700, 4, 13))
    assert found.value == pytest.approx(found.reference, abs=0.06)
    assert detail(found, "median_distance") == pytest.approx(
        detail(found, "reference_median_distance"), rel=0.06
    )


@pytest.mark.parametrize(
    ("dim", "chance"), [(1, 2 / 3), (2, pi / (4 * pi / 3 + sqrt(3) / 2))], ids=["line", "plane"]
)
def test_the_floor_is_the_chance_of_mutual_neighbours(dim: int, chance: float) -> None:
    """Evenly spread points are each other's nearest when no third one lies in the union of the
    two balls around them: the volume of one ball over that of the union."""
    rng = np.random.default_rng(14)
    generated, training, test = (rng.random((n, dim)) for n in (3000, 4000, 2500))
    found = evaluate_memorisation(generated, training, test)
    assert found.value == pytest.approx(chance, abs=0.03)
    assert found.reference == pytest.approx(chance, abs=0.03)


def test_as_near_as_the_own_neighbour_is_not_nearer() -> None:
    generated, training = np.array([[-2.0], [-1.75]]), np.array([[0.0], [2], [10]])
    found = evaluate_memorisation(generated, training, training + 0.5)
    assert (found.value, found.reference) == (0.5, 1)


def test_far_pictures_are_not_memorised() -> None:
    training, test = normal(60, 4, seed=15), normal(50, 4, seed=16)
    found = evaluate_memorisation(test + 40, training, test)
    assert found.value == 0 < (found.reference or 0)
    assert detail(found, "median_distance") > 70


def test_too_few_pictures() -> None:
    some = normal(5, 3, seed=17)
    with pytest.raises(UsageError, match="got 0 images to compare with 5"):
        nearest_neighbours(some[:0], some)
    with pytest.raises(UsageError, match="got 5 images to compare with 0"):
        nearest_neighbours(some, some[:0])
    with pytest.raises(UsageError, match="at least 1 and 6"):
        nearest_neighbours(some, some, count=6)
    with pytest.raises(UsageError, match="at least 1 and 2"):
        evaluate_memorisation(some, some[:1], some)
