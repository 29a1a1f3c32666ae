"""Class fractions of generators whose faults are known."""

from __future__ import annotations

import numpy as np
import pytest

from convgan.evaluation.metrics.class_fractions import class_fractions, total_variation

NAMES = ("ant", "bee", "cat")
REAL = np.repeat([0, 1, 2], [50, 30, 20])


def test_alike() -> None:
    classes = class_fractions(np.repeat([2, 1, 0], [40, 60, 100]), REAL, NAMES)
    assert classes.generated == {"ant": 0.5, "bee": 0.3, "cat": 0.2}
    assert classes.real == classes.generated
    assert total_variation(classes) == pytest.approx(0)
    assert classes.missing == classes.rare == classes.often == classes.seldom == []


def test_a_missing_and_a_rare_class() -> None:
    classes = class_fractions(np.repeat([0, 1], [99, 1]), REAL, NAMES)
    assert classes.missing == ["cat"]
    assert classes.rare == ["bee"]
    # ½ (|0.99 - 0.5| + |0.01 - 0.3| + |0 - 0.2|)
    assert total_variation(classes) == pytest.approx(0.49)


@pytest.mark.parametrize(("bees", "rare"), [(29, ["bee"]), (30, []), (31, [])])
def test_rare_is_below_a_tenth_of_the_real_fraction(bees: int, rare: list[str]) -> None:
    generated = np.repeat([0, 1, 2], [800 - bees, bees, 200])
    classes = class_fractions(generated, REAL, NAMES)
    assert classes.rare == rare
    assert classes.seldom == ([] if rare else ["bee"])


@pytest.mark.parametrize(
    ("counts", "often", "seldom"),
    [
        ((400, 190, 410), ["cat"], []),
        ((410, 190, 400), [], []),  # twice as often, but not more
        ((680, 149, 171), [], ["bee"]),
        ((5, 0, 5), [], []),  # of ten images half may be cats by chance
    ],
)
def test_too_often_and_too_seldom_are_beyond_a_factor_of_two_and_beyond_chance(
    counts: tuple[int, int, int], often: list[str], seldom: list[str]
) -> None:
    classes = class_fractions(np.repeat([0, 1, 2], counts), REAL, NAMES)
    assert (classes.often, classes.seldom) == (often, seldom)


def test_disjoint() -> None:
    classes = class_fractions(np.array([0, 0]), np.array([1, 1, 2]), NAMES)
    assert total_variation(classes) == pytest.approx(1)
    assert classes.missing == ["bee", "cat"]


def test_a_class_that_real_images_lack_too_is_not_expected() -> None:
    assert class_fractions(np.array([0, 1]), np.array([1, 0]), NAMES).missing == []
