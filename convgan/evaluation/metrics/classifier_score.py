"""Confident on each image, varied over all: the Inception score's formula with any classifier.

Salimans et al., 2016, section 4. Only with the Inception network is it an Inception score.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, logsumexp

from convgan.evaluation.metric import METRICS, Evidence, MetricResult, metric


@METRICS.add("classifier_score")
@metric()
def classifier_score_metric(evidence: Evidence) -> Iterator[MetricResult]:
    """Score and confidence of the generated images; never looks at real ones."""
    if evidence.generated.classes is None:
        return
    score, confidence = classifier_score(evidence.generated.logits)
    yield MetricResult(
        name="classifier_score",
        title="classifier score",
        meaning="High where the evaluator is sure of each image and sees all classes: from 1 to "
        "their number.",
        value=score,
        direction="higher",
    )
    yield MetricResult(
        name="mean_confidence",
        title="mean confidence",
        meaning="How sure the evaluator is of an image's class; it can be sure and wrong.",
        value=confidence,
        direction="higher",
    )


def classifier_score(logits: NDArray[np.floating]) -> tuple[float, float]:
    """Return a score, from 1 to K, and the mean probability of the predicted class, of (N, K).

    The score is exp(E KL(p(y|x) || p(y))).
    """
    log_p = log_softmax(np.asarray(logits, np.float64), axis=1)
    log_marginal = logsumexp(log_p, axis=0) - np.log(len(log_p))
    divergence = (np.exp(log_p) * (log_p - log_marginal)).sum(axis=1)
    return float(np.exp(divergence.mean())), float(np.exp(log_p.max(axis=1)).mean())
