"""The linear SVM against scikit-learn's, run to convergence, and its protocol piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from convgan.errors import DataError, UsageError
from convgan.evaluation import linear_svm, svm_solver
from convgan.evaluation.classification import wilson_interval
from convgan.evaluation.linear_svm import balanced_draw, evaluate_linear_svm
from convgan.evaluation.svm_solver import fit_linear_svm
from convgan.runs.evaluations import SvmResult

Features = NDArray[np.float64]
Labels = NDArray[np.int64]


def some(count: int, dimension: int = 7, seed: int = 0) -> tuple[Features, Labels]:
    """Overlapping classes of unequal sizes; features far from 0 and of unequal spreads."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(4, count, p=[0.4, 0.3, 0.2, 0.1])
    centres = np.random.default_rng(9).normal(size=(4, dimension)) * np.sqrt(4 / dimension)
    spreads = np.geomspace(3, 0.1, dimension)
    return (centres[labels] + rng.normal(size=(count, dimension)) + 0.7) * spreads, labels


def reference(features: Features, labels: Labels, c: float) -> LinearSVC:
    """Solve by the one of LIBLINEAR's two methods that converges on features of this form."""
    wide = features.shape[1] > len(features)
    svm = LinearSVC(C=c, dual=wide, tol=1e-9, max_iter=100_000, random_state=0)
    return svm.fit(features, labels)


def weights(svm: LinearSVC) -> Features:
    return np.vstack([svm.coef_.T, svm.intercept_])


def objective(w: Features, features: Features, labels: Labels, c: float) -> float:
    total = 0.5 * (w**2).sum()
    for x, label in zip(features, labels, strict=True):
        for k, score in enumerate(x @ w[:-1] + w[-1]):
            total += c * max(0, 1 - (score if k == label else -score)) ** 2
    return float(total)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with threadpool_limits(limits=1, user_api="blas"):
        yield


@pytest.fixture
def converged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the evaluation's fits exact, so that no picture falls between two tolerances."""
    exact = partial(fit_linear_svm, tolerance=1e-8)
    monkeypatch.setattr(linear_svm, "fit_linear_svm", exact)


@pytest.mark.parametrize("c", [0.01, 1.0, 10.0])
@pytest.mark.parametrize(("count", "dimension"), [(300, 7), (1203, 5), (60, 90)])
def test_weights_are_scikit_learns(count: int, dimension: int, c: float) -> None:
    features, labels = some(count, dimension)
    found = fit_linear_svm(features, labels, c=c, tolerance=1e-9)
    expected = weights(reference(features, labels, c))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_scaled_features_without_a_copy() -> None:
    features, labels = some(300)
    found = fit_linear_svm(features, labels, c=3.0, scale=0.2, tolerance=1e-9)
    expected = weights(reference(features * 0.2, labels, 3.0))
    expected[:-1] *= 0.2  # the weights are for features as they came
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_single_precision_and_the_usual_tolerance() -> None:
    features, labels = some(800, 30)
    svm = reference(features, labels, 10.0)
    w = fit_linear_svm(features.astype(np.float32), labels, c=10.0, tolerance=1e-5)
    least = objective(weights(svm), features, labels, 10.0)
    assert objective(w, features, labels, 10.0) == pytest.approx(least, rel=1e-6)
    assert np.array_equal((features @ w[:-1] + w[-1]).argmax(axis=1), svm.predict(features))
    usual = fit_linear_svm(features, labels, c=10.0)
    assert objective(usual, features, labels, 10.0) == pytest.approx(least, rel=0.01)


def test_two_classes() -> None:
    features, labels = some(200)
    labels = labels % 2
    w = fit_linear_svm(features, labels, c=1.0, tolerance=1e-9)
    np.testing.assert_allclose(w[:, 0], -w[:, 1], atol=1e-6)
    expected = weights(reference(features, labels, 1.0))[:, 0]
    np.testing.assert_allclose(w[:, 1], expected, rtol=1e-4, atol=1e-6)


def test_the_preconditioner_saves_evaluations(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = some(700, 40)
    counts: list[int] = []

    def counted(*args: Any, **kwargs: Any) -> Any:
        found = minimize(*args, **kwargs)
        counts.append(found.nfev)
        return found

    monkeypatch.setattr(svm_solver, "minimize", counted)
    even = fit_linear_svm(features, labels, c=100.0, tolerance=1e-6)
    monkeypatch.setattr(svm_solver, "_preconditioner", lambda *_: np.copy)
    plain = fit_linear_svm(features, labels, c=100.0, tolerance=1e-6)
    np.testing.assert_allclose(even, plain, atol=1e-3 * np.abs(plain).max())
    assert counts[0] < counts[1] / 2


@pytest.mark.usefixtures("converged")
def test_all_labels() -> None:
    train, train_labels = some(400)
    test, test_labels = some(150, seed=1)
    numbers = evaluate_linear_svm(train, train_labels, test, test_labels, seed=3)
    scale = 1 / np.sqrt(np.mean([x @ x for x in train]))
    svm = reference(train * scale, train_labels, numbers.c[0])
    hits = int((svm.predict(test * scale) == test_labels).sum())
    assert numbers == SvmResult(
        accuracy=hits / 150,
        accuracy_95=wilson_interval(hits, 150),
        labels=400,
        c=numbers.c,
        dimension=7,
        test_count=150,
    )
    assert SvmResult.model_validate(json.loads(json.dumps(numbers.model_dump()))) == numbers


@pytest.mark.usefixtures("converged")
def test_few_labels() -> None:
    train, train_labels = some(400, 30)
    test, test_labels = some(500, 30, seed=1)
    numbers = evaluate_linear_svm(
        train, train_labels, test, test_labels, seed=3, labels=22, draws=4
    )
    rng, scale = np.random.default_rng(3), 1 / np.sqrt(np.mean([x @ x for x in train]))
    accuracies = []
    for c in numbers.c:
        rows = balanced_draw(train_labels, 22, rng)
        svm = reference(train[rows] * scale, train_labels[rows], c)
        accuracies.append(svm.score(test * scale, test_labels))
    assert numbers.accuracy == pytest.approx(np.mean(accuracies))
    assert numbers.deviation == pytest.approx(np.std(accuracies, ddof=1))
    assert numbers.deviation
    assert (numbers.labels, numbers.draws) == (22, 4)
    assert (numbers.test_count, numbers.dimension) == (500, 30)
    assert SvmResult.model_validate(json.loads(json.dumps(numbers.model_dump()))) == numbers


@pytest.mark.parametrize("labels", [None, 40])
def test_nothing_but_the_accuracy_comes_from_the_test_set(labels: int | None) -> None:
    train, train_labels = some(300)
    test, test_labels = some(200, seed=1)
    evaluate = partial(evaluate_linear_svm, train, train_labels, seed=0, labels=labels, draws=3)
    numbers = evaluate(test, test_labels)
    wrong = evaluate(test, (test_labels + 1) % 4)
    assert wrong.c == numbers.c
    assert wrong.accuracy < numbers.accuracy


@pytest.mark.parametrize("labels", [None, 40])
def test_the_size_of_the_features_does_not_matter(labels: int | None) -> None:
    train, train_labels = some(300)
    test, test_labels = some(200, seed=1)
    evaluate = partial(evaluate_linear_svm, seed=0, labels=labels, draws=2)
    numbers = evaluate(train, train_labels, test, test_labels)
    assert evaluate(train * 1024, train_labels, test * 1024, test_labels) == numbers


def test_features_that_are_all_zero_leave_the_commonest_class() -> None:
    _, labels = some(300)
    zeros = np.zeros((300, 3), np.float32)
    numbers = evaluate_linear_svm(zeros, labels, zeros, labels, seed=0)
    assert numbers.accuracy == (labels == 0).mean()


@pytest.mark.parametrize(
    ("hits", "best"),
    [
        ({0: 3, 1: 5, 2: 4}, 10),
        ({-2: 8, -1: 9, 0: 7, 1: 5, 2: 4}, 0.1),
        ({0: 3, 1: 5, 2: 6, 3: 7, 4: 8, 5: 2}, 10_000),
        ({-1: 5, 0: 5, 1: 5, 2: 5}, 1),  # the smallest of equals, and an end
        ({0: 2, 1: 5, 2: 6, 3: 6}, 100),
    ],
)
def test_the_grid_of_c_widens(
    hits: dict[int, int], best: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fits that only carry their C, and hits that are a table of it."""
    train, labels = some(30)
    fitted, judged = [], []

    def fit(features: Features, labels: Labels, *, c: float, scale: float) -> Features:
        assert len(features) == len(labels)
        fitted.append((len(features), round(np.log10(c))))
        return np.array([[c]])

    def count(w: Features, features: Features, labels: Labels) -> int:
        assert len(features) == len(labels)
        judged.append(len(features))
        return hits[round(np.log10(w.item()))]

    monkeypatch.setattr(linear_svm, "fit_linear_svm", fit)
    monkeypatch.setattr(linear_svm, "_hits", count)
    numbers = evaluate_linear_svm(train, labels, train[:9], labels[:9], seed=0)
    assert numbers.c == [pytest.approx(best)]
    assert sorted(fitted[:-1]) == [(20, exponent) for exponent in hits]  # each power once
    assert fitted[-1] == (30, np.log10(best))
    assert judged == [10] * len(hits) + [9]


def test_a_draw_is_balanced() -> None:
    _, labels = some(400)
    rng = np.random.default_rng(0)
    for count in (8, 40, 43):
        rows = balanced_draw(labels, count, rng)
        assert len(set(rows.tolist())) == count
        of_class = np.bincount(labels[rows], minlength=4)
        assert of_class.max() - of_class.min() == (count % 4 > 0)


def test_a_draw_takes_all_of_a_small_class() -> None:
    labels = np.array([0] * 50 + [1] * 3 + [2] * 40)
    rows = balanced_draw(labels, 30, np.random.default_rng(0))
    counts = np.bincount(labels[rows])
    assert counts[1] == 3
    assert sorted(counts[[0, 2]].tolist()) == [13, 14]
    assert sorted(balanced_draw(labels, 93, np.random.default_rng(0))) == list(range(93))


def test_each_draw_is_another_and_reaches_every_row() -> None:
    labels = np.repeat([0, 1, 2], [5, 9, 13])
    rng = np.random.default_rng(0)
    draws = [balanced_draw(labels, 4, rng) for _ in range(200)]
    assert set(np.concatenate(draws).tolist()) == set(range(27))
    extra = [np.bincount(labels[rows]).argmax() for rows in draws]
    assert np.bincount(extra).min() > 40  # the odd label is any class's


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (7, "7 labels for 4 classes: at least 2 per class .* 8 or more"),
        (61, "61 labels asked for, but there are 60"),
    ],
)
def test_what_cannot_be_drawn(labels: int, message: str) -> None:
    train, known = some(60)
    with pytest.raises(UsageError, match=message):
        evaluate_linear_svm(train, known, train, known, seed=0, labels=labels)


def test_a_class_of_one_picture() -> None:
    train, _ = some(30)
    known = np.array([0] * 20 + [1] * 9 + [2])
    with pytest.raises(UsageError, match="class 2 has 1 training image"):
        evaluate_linear_svm(train, known, train, known, seed=0, labels=9)


def test_features_that_are_not_finite() -> None:
    train, known = some(30)
    train[7, 2] = np.nan
    with pytest.raises(DataError, match="not all finite"):
        evaluate_linear_svm(train, known, train, known, seed=0)
