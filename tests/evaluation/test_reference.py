"""Generators with a known fault, judged by the bundled network: each fault has its number."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from convgan.config import DataConfig
from convgan.data import Dataset, load_dataset
from convgan.evaluation.evaluator import Evaluator, bundled_evaluator
from convgan.evaluation.metric import MetricResult
from convgan.evaluation.metrics.class_fractions import class_fractions
from convgan.evaluation.reference import Reference, compute_reference, measure

COUNT = 600


@cache
def setting() -> tuple[Dataset, Evaluator, Reference]:
    dataset = load_dataset(DataConfig(name="fashion-mnist", source="sample"))
    evaluator = bundled_evaluator("fashion-mnist")
    assert evaluator is not None
    return dataset, evaluator, compute_reference(evaluator, dataset, count=COUNT, seed=0)


def judged(images: NDArray[np.uint8]) -> dict[str, MetricResult]:
    _, evaluator, reference = setting()
    return {
        each.name: each
        for each in measure(reference.evidence(evaluator.predict(images)), reference.values)
    }


def missing(images: NDArray[np.uint8]) -> list[str]:
    _, evaluator, reference = setting()
    made, real = evaluator.predict(images).logits, reference.real.test.logits
    classes = class_fractions(made.argmax(axis=1), real.argmax(axis=1), reference.real.class_names)
    return classes.missing + classes.rare


def beside(result: MetricResult) -> float:
    """Value over reference."""
    assert result.reference
    return result.value / result.reference


def test_real_images_reach_the_reference() -> None:
    dataset, _, _ = setting()
    fresh = np.random.default_rng(1).permutation(len(dataset.test))[:COUNT]
    found = judged(dataset.test.images[fresh])
    assert beside(found["frechet"]) < 1
    assert found["precision"].value == 1  # they are test images
    assert missing(dataset.test.images[fresh]) == []
    assert beside(found["classifier_score"]) == pytest.approx(1, abs=0.1)
    memorised = found["memorised_fraction"]
    assert memorised.value == pytest.approx(memorised.reference, abs=0.1)


def test_a_generator_that_copies_one_image_is_called_out() -> None:
    dataset, _, _ = setting()
    copies = dataset.train.images[[7]].repeat(COUNT, axis=0)
    found = judged(copies)
    assert found["recall"].value < 0.01
    assert found["coverage"].value < 0.05
    assert found["memorised_fraction"].value == 1
    assert beside(found["frechet"]) > 20
    assert found["classifier_score"].value == pytest.approx(1)
    assert len(missing(copies)) == 9


def test_a_generator_that_copies_many_images_is_found_by_memorisation_only() -> None:
    dataset, _, _ = setting()
    found = judged(dataset.train.images[:COUNT])
    assert found["memorised_fraction"].value == 1
    assert (found["memorised_fraction"].reference or 1) < 0.7
    assert beside(found["recall"]) > 0.9


def test_a_generator_that_misses_a_class_is_called_out() -> None:
    dataset, _, _ = setting()
    assert dataset.train.labels is not None
    others = dataset.train.images[np.flatnonzero(dataset.train.labels != 1)[:COUNT]]
    found = judged(others)
    assert missing(others) == ["Trouser"]
    assert beside(found["class_total_variation"]) > 1
    assert beside(found["frechet"]) > 1.5


def test_noise_is_called_out_by_precision() -> None:
    rng = np.random.default_rng(2)
    found = judged(rng.integers(0, 256, (COUNT, 28, 28, 1), np.uint8))
    assert found["precision"].value < 0.1
    assert found["density"].value < 0.1
