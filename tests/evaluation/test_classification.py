"""The classifier's numbers against scikit-learn and against loops over the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    log_loss,
    precision_recall_fscore_support,
)
from sklearn.metrics import (
    confusion_matrix as sklearn_matrix,
)

from convgan.evaluation.classification import (
    evaluate_classification,
    expected_calibration_error,
    fit_temperature,
    surest_mistakes,
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
    assert numbers.count == 300
    assert numbers.accuracy == accuracy_score(labels, predicted)
    assert numbers.loss == pytest.approx(log_loss(labels, shares(logits)), rel=1e-9)
    assert numbers.confusion_matrix == sklearn_matrix(labels, predicted).tolist()
    expected = precision_recall_fscore_support(labels, predicted)
    assert list(numbers.classes) == list(NAMES)
    for index, of_class in enumerate(numbers.classes.values()):
        found = [getattr(of_class, name) for name in ("precision", "recall", "f1", "count")]
        assert found == pytest.approx([column[index] for column in expected])
    low, high = numbers.accuracy_95
    assert low < numbers.accuracy < high


def test_rows_are_true_and_columns_predicted() -> None:
    labels, predicted = np.array([0, 0, 0, 2, 1]), np.array([1, 1, 0, 0, 1])
    found = evaluate_classification(np.eye(3)[predicted], labels, ("a", "b", "c"))
    assert found.confusion_matrix == [[1, 2, 0], [0, 1, 0], [1, 0, 0]]


def test_small_label_types_do_not_overflow() -> None:
    """26 classes as uint8: 25 · 26 does not fit into a byte."""
    labels = np.arange(26, dtype=np.uint8)
    found = evaluate_classification(np.eye(26), labels, tuple(map(str, range(26))))
    assert np.array_equal(found.confusion_matrix, np.eye(26))


def test_undefined_is_null() -> None:
    """A class without pictures has no recall; one never claimed, no precision; neither, no F1."""
    logits = np.array([[2.0, 1, 0, 0], [0, 2, 1, 0], [0, 2, 1, 0]])
    numbers = evaluate_classification(logits, np.array([0, 0, 3]), NAMES).classes
    found = {name: (c.precision, c.recall, c.f1, c.count) for name, c in numbers.items()}
    assert found == {
        "ant": (1.0, 0.5, 2 / 3, 2),
        "bee": (0.0, None, 0.0, 0),
        "cat": (None, None, None, 0),
        "dog": (None, 0.0, 0.0, 1),
    }


@pytest.mark.parametrize(("hits", "count"), [(0, 1), (1, 1), (0, 20), (7, 20), (9999, 10_000)])
def test_wilson_interval(hits: int, count: int) -> None:
    """The roots p of (hits / count - p)² = z² p (1 - p) / count (Wilson, 1927)."""
    fraction, z2 = hits / count, 1.959963984540054**2
    roots = np.roots([1 + z2 / count, -2 * fraction - z2 / count, fraction**2])
    assert wilson_interval(hits, count) == pytest.approx(sorted(roots.real), abs=1e-9)


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
    assert numbers.loss == pytest.approx(500)
    assert numbers.expected_calibration_error == pytest.approx(0.5)


def test_surest_mistakes() -> None:
    logits, labels = some()
    probabilities = shares(logits)
    wrong = [n for n in range(300) if probabilities[n].argmax() != labels[n]]
    expected = sorted(wrong, key=lambda n: -probabilities[n].max())
    assert surest_mistakes(logits, labels, 7).tolist() == expected[:7]
    assert surest_mistakes(logits, labels, 10_000).tolist() == expected
    assert len(surest_mistakes(logits, logits.argmax(axis=1), 5)) == 0


@pytest.mark.parametrize("true", [0.4, 1.0, 3.0])
def test_the_temperature_of_labels_that_were_drawn_by_it(true: float) -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 3, (20_000, 4))
    noise = rng.gumbel(size=logits.shape)  # the largest of logits and it is drawn by the softmax
    labels = (logits / true + noise).argmax(axis=1)
    found = fit_temperature(logits, labels)
    assert found == pytest.approx(true, rel=0.05)
    probabilities = shares((logits / found).astype(np.float32))
    assert expected_calibration_error(probabilities, labels) < 0.015


def test_the_temperature_has_the_least_loss() -> None:
    logits, labels = some()
    best = log_loss(labels, shares(logits / np.float32(fit_temperature(logits, labels))))
    for other in (0.9, 1.1):
        scaled = logits / np.float32(other * fit_temperature(logits, labels))
        assert log_loss(labels, shares(scaled)) > best


@pytest.mark.parametrize("right", [True, False])
def test_a_temperature_is_bounded_where_all_are_right_or_wrong(right: bool) -> None:
    logits = 5 * np.eye(3)[[0, 1, 2, 1]]
    labels = np.array([0, 1, 2, 1]) if right else np.array([1, 2, 0, 0])
    assert 0.04 < fit_temperature(logits, labels) < 21
