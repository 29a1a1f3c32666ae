"""Class coverage of generators whose faults are known."""

from __future__ import annotations

import numpy as np
import pytest

from convgan.evaluation import evaluate_class_coverage

NAMES = ("ant", "bee", "cat")
REAL = np.repeat([0, 1, 2], [50, 30, 20])


def test_alike() -> None:
    numbers = evaluate_class_coverage(np.repeat([2, 1, 0], [40, 60, 100]), REAL, NAMES)
    assert numbers["generated_shares"] == {"ant": 0.5, "bee": 0.3, "cat": 0.2}
    assert numbers["real_shares"] == numbers["generated_shares"]
    assert (numbers["generated"], numbers["real"]) == (200, 100)
    assert numbers["total_variation"] == pytest.approx(0)
    assert numbers["missing"] == numbers["rare"] == []
    assert numbers["verdict"] == "All 3 classes are there: no sign of mode collapse."


def test_a_missing_and_a_rare_class() -> None:
    generated = np.repeat([0, 1], [99, 1])
    numbers = evaluate_class_coverage(generated, REAL, NAMES)
    assert numbers["missing"] == ["cat"]
    assert numbers["rare"] == ["bee"]
    # ½ (|0.99 - 0.5| + |0.01 - 0.3| + |0 - 0.2|)
    assert numbers["total_variation"] == pytest.approx(0.49)
    assert numbers["verdict"].startswith(
        "Mode collapse: the generator makes 1 of 3 classes; it never makes cat and hardly ever "
        "makes bee. Try "
    )


@pytest.mark.parametrize(("bees", "rare"), [(29, ["bee"]), (30, []), (31, [])])
def test_rare_is_below_a_tenth_of_the_real_share(bees: int, rare: list[str]) -> None:
    generated = np.repeat([0, 1, 2], [800 - bees, bees, 200])
    assert evaluate_class_coverage(generated, REAL, NAMES)["rare"] == rare


def test_disjoint() -> None:
    real = np.array([1, 1, 2])
    numbers = evaluate_class_coverage(np.array([0, 0]), real, NAMES)
    assert numbers["total_variation"] == pytest.approx(1)
    assert numbers["missing"] == ["bee", "cat"]
    assert "never makes bee, cat." in numbers["verdict"]


def test_a_class_that_real_pictures_lack_too_is_not_expected() -> None:
    numbers = evaluate_class_coverage(np.array([0, 1]), np.array([1, 0]), NAMES)
    assert numbers["missing"] == []
    assert numbers["verdict"].startswith("All 2 classes are there")
    numbers = evaluate_class_coverage(np.array([0, 0]), np.array([1, 0]), NAMES)
    assert "makes 1 of 2 classes" in numbers["verdict"]
