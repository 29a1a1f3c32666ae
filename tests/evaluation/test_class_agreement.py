"""Images of the class asked for: counts by hand, distances of laws that are known."""

from __future__ import annotations

import numpy as np
import pytest

from convgan.evaluation.metric import METRICS, Evidence, MetricResult, Predictions
from convgan.evaluation.metrics.class_agreement import class_faults

NAMES = ("a", "b", "c")
ASKED = np.repeat([0, 1, 2], [400, 200, 100])


def features(shift: float, *, seed: int, scale: float = 1.0) -> np.ndarray:
    """Of three classes, 5 apart, each shifted along the first of two axes."""
    noise = scale * np.random.default_rng(seed).normal(size=(len(ASKED), 2))
    return np.asarray(noise + np.stack([5.0 * ASKED + shift, ASKED], axis=1), np.float32)


def seen(classes: np.ndarray) -> np.ndarray:
    return np.asarray(np.eye(3)[classes], np.float32)


def evidence(
    *, made: np.ndarray | None = None, shift: float = 0.0, asked: np.ndarray | None = ASKED
) -> Evidence:
    generated = features(shift, seed=1) if made is None else made
    predicted = np.where(np.arange(len(ASKED)) % 4 == 0, 2, ASKED)  # a quarter is taken for c
    test = Predictions(features(0.0, seed=2), seen(ASKED))
    return Evidence(
        Predictions(generated, seen(predicted)), test, test, NAMES, 0, asked, ASKED
    )  # fmt: skip


def measured(name: str, what: Evidence) -> MetricResult:
    (result,) = METRICS[name].measure(what)
    return result


def test_fraction_of_the_class_asked_for() -> None:
    result = measured("class_agreement", evidence())
    assert result.details["confusion_matrix"] == [[300, 0, 100], [0, 150, 50], [0, 0, 100]]
    assert result.details["classes"] == {"a": 0.75, "b": 0.75, "c": 1.0}
    assert result.value == pytest.approx(550 / 700)
    assert result.standard_error == pytest.approx(np.sqrt(550 * 150 / 700**3))


def test_distance_within_a_class_is_the_shift_squared() -> None:
    result = measured("frechet_within_classes", evidence(shift=3.0))
    assert result.value == pytest.approx(9, abs=0.8)
    assert measured("frechet_within_classes", evidence()).value < 0.1
    swapped = evidence(made=features(0.0, seed=1)[::-1])  # right as a whole, wrong by class
    assert measured("frechet_within_classes", swapped).value > 20


@pytest.mark.parametrize("name", ["class_agreement", "frechet_within_classes"])
def test_nothing_is_measured_of_images_for_which_no_class_was_asked(name: str) -> None:
    assert list(METRICS[name].measure(evidence(asked=None))) == []
    assert class_faults(evidence(asked=None)) == []


def test_too_few_images_of_a_class_have_no_distance() -> None:
    few = np.where(np.arange(len(ASKED)) < len(ASKED) - 2, np.minimum(ASKED, 1), 2)
    assert list(METRICS["frechet_within_classes"].measure(evidence(asked=few))) == []


def test_faults_name_their_classes() -> None:
    assert class_faults(evidence()) == []
    ignored = evidence(asked=np.where(ASKED == 0, 2, ASKED))  # c is asked for, and a is made
    found = {each.name: each.text for each in class_faults(ignored)}
    assert list(found) == ["class_ignored"]
    assert "asked to be c are" in found["class_ignored"]
    alike = features(0.0, seed=1)
    alike[ASKED == 1] = [5, 1] + 0.1 * (alike[ASKED == 1] - [5, 1])
    found = {each.name: each.text for each in class_faults(evidence(made=alike))}
    assert list(found) == ["class_collapsed"]
    assert "the images of b differ" in found["class_collapsed"]
