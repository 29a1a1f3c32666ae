"""How good a classifier is: logits and labels to accuracy, errors by class, calibration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from convgan.errors import DataError
from convgan.runs import Run
from convgan.runs.evaluations import Classification, ClassScores

_BINS = 15


def evaluate_classification(
    logits: NDArray[np.floating], labels: NDArray[np.integer], class_names: tuple[str, ...]
) -> Classification:
    """Compare logits (N, K) with labels (N,) in [0, K)."""
    logits = np.asarray(logits, np.float64)
    predicted = logits.argmax(axis=1)
    probabilities = softmax(logits, axis=1)
    indices = range(len(class_names))
    hits, count = int((predicted == labels).sum()), len(labels)
    scores = precision_recall_fscore_support(
        labels, predicted, labels=indices, average=None, zero_division=np.nan
    )
    return Classification(
        count=count,
        accuracy=hits / count,
        accuracy_95=wilson_interval(hits, count),
        loss=cross_entropy(logits, labels),
        expected_calibration_error=expected_calibration_error(probabilities, labels),
        classes={
            name: _class_scores(*row) for name, *row in zip(class_names, *scores, strict=True)
        },
        confusion_matrix=confusion_matrix(labels, predicted, labels=indices).tolist(),
    )


def cross_entropy(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Mean cross-entropy in nats of logits (N, K) with labels (N,)."""
    losses = -log_softmax(np.asarray(logits, np.float64), axis=1)
    return float(losses[np.arange(len(labels)), labels].mean())


def wilson_interval(hits: int, count: int) -> tuple[float, float]:
    """95 % interval of a fraction (Wilson, 1927), which also holds near 0 and 1."""
    interval = binomtest(hits, count).proportion_ci(confidence_level=0.95, method="wilson")
    return float(interval.low), float(interval.high)


def expected_calibration_error(
    probabilities: NDArray[np.float64], labels: NDArray[np.integer]
) -> float:
    """Mean distance of confidence from accuracy, over 15 bins of confidence.

    Guo et al., 2017, eq. 3: bins of equal width over (0, 1], each weighted by its images.
    """
    confidence = probabilities.max(axis=1)
    hit = probabilities.argmax(axis=1) == labels
    bins = np.clip(np.ceil(confidence * _BINS).astype(int) - 1, 0, _BINS - 1)
    gaps = np.bincount(bins, weights=hit - confidence, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Return T by which logits (N, K) are divided for the least cross-entropy with labels (N,).

    Temperature scaling (Guo et al., 2017, section 4.2): it makes the probabilities as sure as they
    are right, and changes no answer. T is between 0.05 and 20.
    """

    logits = np.asarray(logits, np.float64)
    found = minimize_scalar(
        lambda log_temperature: cross_entropy(logits / np.exp(log_temperature), labels),
        bounds=(-np.log(20), np.log(20)),
        method="bounded",
    )
    return float(np.exp(found.x))


def surest_mistakes(
    logits: NDArray[np.floating], labels: NDArray[np.integer], count: int
) -> NDArray[np.int64]:
    """Return the indices of the wrongly classified images, the most confident first."""
    probabilities = softmax(np.asarray(logits, np.float64), axis=1)
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:count]


def _class_scores(precision: float, recall: float, f1: float, count: int) -> ClassScores:
    defined = [None if np.isnan(x) else float(x) for x in (precision, recall, f1)]
    return ClassScores(precision=defined[0], recall=defined[1], f1=defined[2], count=int(count))


def kept_temperature(run: Run) -> float | None:
    """Return the temperature that a run's held-out images gave; None without these.

    Raises:
        DataError: it is none.
    """
    temperature = (run.manifest.get("results") or {}).get("temperature")
    if temperature is not None and not 0 < temperature < np.inf:
        raise DataError(
            f"{run.folder / 'run.json'}: got temperature {temperature}, expected above 0"
        )
    return temperature
