"""Generators with a known fault, judged by the bundled network: each fault has its number."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from convgan.config import DataConfig
from convgan.data import Dataset, load_dataset
from convgan.evaluation import FeatureNetwork, bundled_network
from convgan.recipes.generator_quality import Numbers, Reference, look_at_real, measure_generated

COUNT = 600


@cache
def setting() -> tuple[Dataset, FeatureNetwork, Reference]:
    dataset = load_dataset(DataConfig(name="fashion-mnist", source="sample"))
    judge = bundled_network("fashion-mnist")
    assert judge is not None
    return dataset, judge, look_at_real(judge, dataset, count=COUNT, seed=0)


def judged(images: NDArray[np.uint8]) -> Numbers:
    _, judge, real = setting()
    features, logits = judge.predict(images)
    return measure_generated(features, logits, real, seed=0, extrapolate=False)


def test_real_pictures_reach_the_floor() -> None:
    dataset, _, real = setting()
    fresh = np.random.default_rng(1).permutation(len(dataset.test))[:COUNT]
    numbers = judged(dataset.test.images[fresh])
    assert numbers["frechet"]["distance"] < real.floor["frechet"]["distance"]
    assert numbers["neighbours"]["precision"] == 1  # they are test pictures
    assert numbers["classes"]["missing"] == []
    assert numbers["classifier"]["score"] == pytest.approx(real.floor["classifier"]["score"], 0.1)
    assert (
        abs(numbers["memorisation"]["memorised_share"] - numbers["memorisation"]["floor_share"])
        < 0.1
    )


def test_a_generator_that_copies_one_picture_is_called_out() -> None:
    dataset, _, real = setting()
    numbers = judged(dataset.train.images[[7]].repeat(COUNT, axis=0))
    assert numbers["neighbours"]["recall"] < 0.01
    assert numbers["neighbours"]["coverage"] < 0.05
    assert numbers["memorisation"]["memorised_share"] == 1
    assert numbers["frechet"]["distance"] > 20 * real.floor["frechet"]["distance"]
    assert numbers["classifier"]["score"] == pytest.approx(1)
    assert len(numbers["classes"]["missing"]) == 9


def test_a_generator_that_copies_many_pictures_is_found_by_memorisation_only() -> None:
    dataset, _, real = setting()
    numbers = judged(dataset.train.images[:COUNT])
    assert numbers["memorisation"]["memorised_share"] == 1
    assert numbers["memorisation"]["floor_share"] < 0.7
    assert numbers["neighbours"]["recall"] > 0.9 * real.floor["neighbours"]["recall"]


def test_a_generator_that_misses_a_class_is_called_out() -> None:
    dataset, _, real = setting()
    assert dataset.train.labels is not None
    others = np.flatnonzero(dataset.train.labels != 1)[:COUNT]
    numbers = judged(dataset.train.images[others])
    assert numbers["classes"]["missing"] + numbers["classes"]["rare"] == ["Trouser"]
    assert numbers["classes"]["total_variation"] > real.floor["classes"]["total_variation"]
    assert numbers["frechet"]["distance"] > 1.5 * real.floor["frechet"]["distance"]


def test_noise_is_called_out_by_precision() -> None:
    rng = np.random.default_rng(2)
    numbers = judged(rng.integers(0, 256, (COUNT, 28, 28, 1), np.uint8))
    assert numbers["neighbours"]["precision"] < 0.1
    assert numbers["neighbours"]["density"] < 0.1
