"""The classifier score of pictures whose classes are known."""

from __future__ import annotations

import numpy as np
import pytest

from convgan.evaluation.metrics.classifier_score import classifier_score

SURE = 40.0


def test_sure_and_even_is_the_number_of_classes() -> None:
    logits = SURE * np.eye(5)[np.repeat(np.arange(5), 3)]
    score, confidence = classifier_score(logits)
    assert score == pytest.approx(5)
    assert confidence == pytest.approx(1)


def test_one_class_only_is_1_however_sure() -> None:
    score, _ = classifier_score(np.tile([SURE, 0, 0], (7, 1)))
    assert score == pytest.approx(1)


def test_unsure_is_1_and_the_confidence_is_that_of_guessing() -> None:
    score, confidence = classifier_score(np.full((6, 4), 2.5))
    assert score == pytest.approx(1)
    assert confidence == pytest.approx(0.25)


def test_against_a_loop_over_the_definition() -> None:
    rng = np.random.default_rng(5)
    logits = rng.normal(size=(11, 3)) * [1, 4, 0.5] + [0, 1, 2]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    marginal = [sum(row[k] for row in p) / len(p) for k in range(3)]
    divergences = [sum(row[k] * np.log(row[k] / marginal[k]) for k in range(3)) for row in p]
    score, confidence = classifier_score(logits.astype(np.float32))
    assert score == pytest.approx(np.exp(sum(divergences) / len(p)), rel=1e-6)
    assert confidence == pytest.approx(sum(map(max, p)) / len(p), rel=1e-6)


def test_huge_logits_do_not_overflow() -> None:
    score, _ = classifier_score(np.array([[1e6, -1e6], [-1e6, 1e6]]))
    assert score == pytest.approx(2)
