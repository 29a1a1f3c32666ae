"""Linear SVMs on a network's features (Radford, Metz and Chintala, 2016, section 5)."""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from convgan.errors import DataError, UsageError
from convgan.evaluation.classification import wilson_interval
from convgan.evaluation.svm_solver import fit_linear_svm
from convgan.runs.evaluations import SvmResult

_CHOOSING = 12_000  # training images that C is chosen on: two thirds to fit, one to validate


def evaluate_linear_svm(
    train: NDArray[np.floating],
    train_labels: NDArray[np.integer],
    test: NDArray[np.floating],
    test_labels: NDArray[np.integer],
    *,
    seed: int,
    labels: int | None = None,
    draws: int = 10,
) -> SvmResult:
    """Fit linear SVMs to training features (N, F) and measure them on test features (M, F).

    One factor scales all features to a mean squared norm of 1: their relative sizes stay, and C
    means the same for every network. C is the power of ten that is best on held-out training
    images; the test images give the accuracy only. With `labels`, only so many are known, the same
    number per class as far as it goes, drawn anew `draws` times, with C cross-validated inside
    each draw.

    Raises:
        UsageError: fewer than 2 labels per class, or more than there are.
        DataError: the features are not finite.
    """
    rng = np.random.default_rng(seed)
    # On cores with other work BLAS's threads wait for each other: ten times slower than one alone.
    with threadpool_limits(limits=1, user_api="blas"):
        scale = _unit_scale(train)
        if labels is None:
            order = rng.permutation(len(train))[:_CHOOSING]
            held, fitted = np.split(order, [len(order) // 3])
            w, c = _fit_best(train, train_labels, [(fitted, held)], scale)
            hits = _hits(w, test, test_labels)
            return SvmResult(
                accuracy=hits / len(test),
                accuracy_95=wilson_interval(hits, len(test)),
                labels=len(train),
                c=[c],
                dimension=train.shape[1],
                test_count=len(test),
            )
        folds = _folds(labels, train_labels)
        accuracies, chosen = np.empty(draws), np.empty(draws)
        for draw in range(draws):
            rows = balanced_draw(train_labels, labels, rng)
            # The same problem in the span of the rows, X = (QR)ᵀ: as few dimensions as labels.
            rotation, rotated = np.linalg.qr(train[rows].T)
            x, y = rotated.T, train_labels[rows]
            w, chosen[draw] = _fit_best(x, y, list(folds.split(x, y)), scale)
            w = np.vstack([rotation @ w[:-1], w[-1:]])
            accuracies[draw] = _hits(w, test, test_labels) / len(test)
    return SvmResult(
        accuracy=float(accuracies.mean()),
        deviation=float(accuracies.std(ddof=1)),
        labels=labels,
        draws=draws,
        c=chosen.tolist(),
        dimension=train.shape[1],
        test_count=len(test),
    )


def balanced_draw(
    labels: NDArray[np.integer], count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw `count` rows, equally many per class as far as count and the classes' sizes allow."""
    order = rng.permutation(len(labels))
    rank = np.empty(len(labels), np.int64)  # a row's rank within its class
    for label in np.unique(labels):
        members = labels[order] == label
        rank[members] = np.arange(members.sum())
    # Within a rank in random order; else the odd labels would go to the larger classes.
    return order[np.argsort(rank + rng.random(len(labels)))[:count]]


def _fit_best(
    features: NDArray[np.floating],
    labels: NDArray[np.integer],
    splits: list[tuple[NDArray[np.int64], NDArray[np.int64]]],
    scale: float,
) -> tuple[NDArray[np.float64], float]:
    """Fit with the C that is best on the splits' held rows; the grid widens while its end is."""

    def hits(exponent: int) -> int:
        total = 0
        for fitted, held in splits:
            w = fit_linear_svm(features[fitted], labels[fitted], c=10.0**exponent, scale=scale)
            total += _hits(w, features[held], labels[held])
        return total

    tried = {exponent: hits(exponent) for exponent in (0, 1, 2)}
    while True:
        best = max(tried, key=lambda exponent: tried[exponent])  # the first tried of equals
        beyond = best - 1 if best == min(tried) else best + 1
        if beyond in tried:
            return fit_linear_svm(features, labels, c=10.0**best, scale=scale), 10.0**best
        tried[beyond] = hits(beyond)


def _hits(
    w: NDArray[np.float64], features: NDArray[np.floating], labels: NDArray[np.integer]
) -> int:
    scores = features @ w[:-1].astype(features.dtype) + w[-1]
    return int((scores.argmax(axis=1) == labels).sum())


def _unit_scale(features: NDArray[np.floating]) -> float:
    mean = float(np.einsum("ij,ij->", features, features, dtype=np.float64)) / len(features)
    if not isfinite(mean):
        raise DataError("the features are not all finite: the network's weights have diverged")
    return 1 / sqrt(mean or 1.0)


def _folds(labels: int, known: NDArray[np.integer]) -> StratifiedKFold:
    """Return what C is chosen by; refuse so few labels that it cannot be."""
    classes, sizes = np.unique(known, return_counts=True)
    if labels > len(known):
        raise UsageError(f"{labels} labels asked for, but there are {len(known)}: ask for fewer")
    if labels < 2 * len(classes):
        raise UsageError(
            f"{labels} labels for {len(classes)} classes: at least 2 per class are needed to fit "
            f"an SVM and choose its C, so ask for {2 * len(classes)} or more"
        )
    if sizes.min() < 2:
        few = classes[sizes.argmin()]
        raise UsageError(f"class {few} has 1 training image: 2 are needed, so add one")
    return StratifiedKFold(min(3, labels // len(classes), int(sizes.min())))
