"""Confident on each picture, varied over all: the Inception score's formula with any classifier.

Salimans et al., 2016, section 4. Only with the Inception network is it an Inception score.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, logsumexp


def evaluate_classifier_score(logits: NDArray[np.floating]) -> dict[str, float]:
    """Judge pictures by a classifier's logits (N, K).

    Returns:
        `score`, exp(E KL(p(y|x) || p(y))), from 1 to K; and `mean_confidence`, the mean
        probability of the predicted class, in (0, 1].
    """
    log_p = log_softmax(np.asarray(logits, np.float64), axis=1)
    log_marginal = logsumexp(log_p, axis=0) - np.log(len(log_p))
    divergence = (np.exp(log_p) * (log_p - log_marginal)).sum(axis=1)
    return {
        "score": float(np.exp(divergence.mean())),
        "mean_confidence": float(np.exp(log_p.max(axis=1)).mean()),
    }
