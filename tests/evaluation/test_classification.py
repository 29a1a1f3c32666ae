"""The classifier's numbers against scikit-learn and against loops over the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import (
    accuracy_score,
    log_loss,
    precision_recall_fscore_support,
)
from sklearn.metrics import (
    confusion_matrix as sklearn_matrix,
)

from convgan.evaluation import evaluate_classification, surest_mistakes
from convgan.evaluation.classification import (
    confusion_matrix,
    expected_calibration_error,
    wilson_interval,
)

NAMES = ("ant", "bee", "cat", "dog")


def some(count: int = 300, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Logits that are right more often than not, for classes of unequal sizes."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(4, count, p=[0.5, 0.3, 0.15, 0.05])
    logits = rng.normal(size=(count, 4)) + 2 * np.eye(4)[labels] + [0.3, 0, 0, -0.2]
    return logits.astype(np.float32), labels


def shares(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    exponents = np.exp(logits.astype(np.float64))
    made: NDArray[np.float64] = exponents / exponents.sum(axis=1, keepdims=True)
    return made


def test_against_scikit_learn() -> None:
    logits, labels = some()
    predicted = logits.argmax(axis=1)
    numbers = evaluate_classification(logits, labels, NAMES)
    assert numbers["count"] == 300
    assert numbers["accuracy"] == accuracy_score(labels, predicted)
    assert numbers["loss"] == pytest.approx(log_loss(labels, shares(logits)), rel=1e-9)
    assert numbers["confusion_matrix"] == sklearn_matrix(labels, predicted).tolist()
    expected = precision_recall_fscore_support(labels, predicted)
    assert list(numbers["classes"]) == list(NAMES)
    for place, of_class in enumerate(numbers["classes"].values()):
        found = [of_class[name] for name in ("precision", "recall", "f1", "count")]
        assert found == pytest.approx([column[place] for column in expected])
    low, high = numbers["accuracy_95"]
    assert low < numbers["accuracy"] < high


def test_rows_are_true_and_columns_predicted() -> None:
    labels, predicted = np.array([0, 0, 0, 2, 1]), np.array([1, 1, 0, 0, 1])
    expected = [[1, 2, 0], [0, 1, 0], [1, 0, 0]]
    assert confusion_matrix(labels, predicted, 3).tolist() == expected
    assert confusion_matrix(labels, predicted, 3).tolist() == [
        [sum(1 for a, b in zip(labels, predicted, strict=True) if (a, b) == (row, column))
         for column in range(3)]
        for row in range(3)
    ]  # fmt: skip


def test_small_label_types_do_not_overflow() -> None:
    """26 classes as uint8: 25 · 26 does not fit into a byte."""
    labels = np.arange(26, dtype=np.uint8)
    assert np.array_equal(confusion_matrix(labels, labels, 26), np.eye(26))


def test_undefined_is_null() -> None:
    """A class without pictures has no recall; one never claimed, no precision; neither, no F1."""
    logits = np.array([[2.0, 1, 0, 0], [0, 2, 1, 0], [0, 2, 1, 0]])
    numbers = evaluate_classification(logits, np.array([0, 0, 3]), NAMES)["classes"]
    assert numbers["ant"] == {"count": 2, "precision": 1.0, "recall": 0.5, "f1": 2 / 3}
    assert numbers["bee"] == {"count": 0, "precision": 0.0, "recall": None, "f1": 0.0}
    assert numbers["cat"] == {"count": 0, "precision": None, "recall": None, "f1": None}
    assert numbers["dog"] == {"count": 1, "precision": None, "recall": 0.0, "f1": 0.0}


@settings(deadline=None)
@given(st.integers(1, 20_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval(numbers: tuple[int, int]) -> None:
    hits, count = numbers
    expected = binomtest(hits, count).proportion_ci(0.95, method="wilson")
    found = wilson_interval(hits, count)
    assert found == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert -1e-12 <= found[0] < found[1] <= 1 + 1e-12


def test_wilson_interval_of_the_articles_accuracy() -> None:
    """9,910 of 10,000, in the closed form with z² = 3.8415."""
    assert wilson_interval(9910, 10000) == pytest.approx((0.98895, 0.99268), abs=2e-5)


def test_calibration_error_by_a_double_loop() -> None:
    logits, labels = some(500, seed=3)
    probabilities = shares(logits)
    probabilities[0] = [1, 0, 0, 0]  # the upper edge belongs to the last bin
    total = 0.0
    for bin_ in range(15):
        inside = []
        for row, label in zip(probabilities, labels, strict=True):
            if bin_ / 15 < row.max() <= (bin_ + 1) / 15:
                inside.append((row.max(), float(row.argmax() == label)))
        if inside:
            confidence, accuracy = np.mean(inside, axis=0)
            total += len(inside) / 500 * abs(accuracy - confidence)
    assert expected_calibration_error(probabilities, labels) == pytest.approx(total, rel=1e-9)


def test_calibration_error_of_known_cases() -> None:
    right, wrong = np.array([0, 0, 0, 0]), np.array([1, 1, 1, 1])
    sure = np.tile([1.0, 0.0], (4, 1))
    assert expected_calibration_error(sure, right) == 0
    assert expected_calibration_error(sure, wrong) == 1
    three_of_four = np.tile([0.75, 0.25], (4, 1))
    assert expected_calibration_error(three_of_four, np.array([0, 0, 1, 0])) == pytest.approx(0)
    assert expected_calibration_error(three_of_four, right) == pytest.approx(0.25)


def test_very_large_logits_stay_finite() -> None:
    logits = np.array([[1000.0, -1000, 0, 0], [0, 1000, 0, 0]], np.float32)
    numbers = evaluate_classification(logits, np.array([0, 0]), NAMES)
    assert numbers["loss"] == pytest.approx(500)
    assert numbers["expected_calibration_error"] == pytest.approx(0.5)


def test_surest_mistakes() -> None:
    logits, labels = some()
    probabilities = shares(logits)
    wrong = [n for n in range(300) if probabilities[n].argmax() != labels[n]]
    expected = sorted(wrong, key=lambda n: -probabilities[n].max())
    assert surest_mistakes(logits, labels, 7).tolist() == expected[:7]
    assert surest_mistakes(logits, labels, 10_000).tolist() == expected
    assert len(surest_mistakes(logits, logits.argmax(axis=1), 5)) == 0
