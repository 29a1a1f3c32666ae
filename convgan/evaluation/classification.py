"""How good a classifier is: logits and labels to accuracy, errors by class, calibration."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

_Z95 = 1.959963984540054  # the normal law's 97.5 % point
_BINS = 15


def evaluate_classification(
    logits: NDArray[np.floating], labels: NDArray[np.integer], class_names: tuple[str, ...]
) -> dict[str, Any]:
    """Compare logits (N, K) with labels (N,) in [0, K).

    Returns:
        accuracy with its 95 % interval (shares), mean cross-entropy (nats), expected
        calibration error, the confusion matrix (rows true, columns predicted), and precision,
        recall, F1 (shares; null where undefined) and the number of pictures of each class.
    """
    logits = np.asarray(logits, np.float64)
    predicted = logits.argmax(axis=1)
    probabilities = softmax(logits, axis=1)
    matrix = confusion_matrix(labels, predicted, len(class_names))
    hits, count = int(np.trace(matrix)), len(labels)
    return {
        "count": count,
        "accuracy": hits / count,
        "accuracy_95": list(wilson_interval(hits, count)),
        "loss": float(-log_softmax(logits, axis=1)[np.arange(count), labels].mean()),
        "expected_calibration_error": expected_calibration_error(probabilities, labels),
        "classes": {name: _class_numbers(matrix, place) for place, name in enumerate(class_names)},
        "confusion_matrix": matrix.tolist(),
    }


def confusion_matrix(
    labels: NDArray[np.integer], predicted: NDArray[np.integer], num_classes: int
) -> NDArray[np.int64]:
    """Count pictures by class: (K, K), rows true, columns predicted."""
    # int64, as a byte would overflow from 16 classes on
    cells = np.asarray(labels, np.int64) * num_classes + np.asarray(predicted)
    return np.bincount(cells, minlength=num_classes**2).reshape(num_classes, num_classes)


def wilson_interval(hits: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson, 1927), which also holds near 0 and 1."""
    share, z2 = hits / count, _Z95**2
    middle = share + z2 / (2 * count)
    spread = _Z95 * sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return (middle - spread) / (1 + z2 / count), (middle + spread) / (1 + z2 / count)


def expected_calibration_error(
    probabilities: NDArray[np.float64], labels: NDArray[np.integer]
) -> float:
    """Mean distance of confidence from accuracy, over 15 bins of confidence.

    Guo et al., 2017, eq. 3: bins of equal width over (0, 1], each weighted by its pictures.
    """
    confidence = probabilities.max(axis=1)
    hit = probabilities.argmax(axis=1) == labels
    bins = np.clip(np.ceil(confidence * _BINS).astype(int) - 1, 0, _BINS - 1)
    gaps = np.bincount(bins, weights=hit - confidence, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def surest_mistakes(
    logits: NDArray[np.floating], labels: NDArray[np.integer], count: int
) -> NDArray[np.int64]:
    """Return the indices of the wrongly classified pictures, the most confident first."""
    probabilities = softmax(np.asarray(logits, np.float64), axis=1)
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:count]


def _class_numbers(matrix: NDArray[np.int64], place: int) -> dict[str, float | int | None]:
    true, claimed, hits = matrix[place].sum(), matrix[:, place].sum(), matrix[place, place]
    return {
        "count": int(true),
        "precision": float(hits / claimed) if claimed else None,
        "recall": float(hits / true) if true else None,
        "f1": float(2 * hits / (true + claimed)) if true + claimed else None,
    }
