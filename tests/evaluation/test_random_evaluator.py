"""The random network: the same everywhere, and its numbers put known answers in their order."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from convgan.config import DataConfig
from convgan.data import Dataset, load_dataset
from convgan.evaluation.evaluator import Evaluator
from convgan.evaluation.feature_cache import cached_predictions
from convgan.evaluation.metric import Evidence, Predictions
from convgan.evaluation.metrics.frechet import fit_gaussian, frechet_distance
from convgan.evaluation.metrics.kernel_distance import evaluate_kernel_distance
from convgan.evaluation.metrics.neighbours import evaluate_neighbours
from convgan.evaluation.random_evaluator import random_evaluator
from convgan.evaluation.reference import measure

HASHES = {
    (28, 28, 1): "a30da4282ed7412bd95010ff81217ce62c139166a7c121e8c01419e6c783a06e",
    (64, 64, 3): "6fc1d1cced978426fc8baa5c8153a9fb404a64cf9ed8292db0d1dd88ffea616d",
}
COUNT = 500
CHANCE = 0.02  # about the standard error of a fraction of so many images


@pytest.mark.parametrize("shape", HASHES)
def test_it_is_the_same_network_on_every_machine(shape: tuple[int, int, int]) -> None:
    network = random_evaluator(shape)
    assert network.sha256 == HASHES[shape]
    assert network.name == f"random-{'x'.join(map(str, shape))}-s0"
    assert network.image_shape == shape
    assert network.dimension == {28: 96, 64: 128}[shape[0]]
    assert (network.num_classes, network.class_names) == (0, ())


def test_its_features_are_the_root_mean_squares_of_its_maps() -> None:
    network = random_evaluator((8, 6, 1))
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 6, 1), np.uint8)
    maps, expected = images / 127.5 - 1, []
    for kernel in network.model.get_weights():
        # Of an even side the one row or column more of zeros comes last.
        before = [1 if side % 2 == 0 else 2 for side in maps.shape[1:3]]
        zeros = [(0, 0), *((low, 2) for low in before), (0, 0)]
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(maps, zeros), (5, 5), (1, 2))
        maps = np.einsum("nhwcij,ijco->nhwo", windows[:, ::2, ::2], kernel)
        maps = np.where(maps > 0, maps, 0.2 * maps)
        expected.append(np.sqrt(np.square(maps).mean(axis=(1, 2))))
    features, logits = network.predict(images)
    np.testing.assert_allclose(features, np.concatenate(expected, axis=1), rtol=1e-4)
    assert logits.shape == (3, 0)


def test_it_computes_in_float32_whatever_the_training_does(precision: str) -> None:
    assert keras.config.dtype_policy().name == precision
    network = random_evaluator((12, 12, 3))
    assert {layer.compute_dtype for layer in network.model.layers} == {"float32"}


@pytest.mark.parametrize("side", [1, 3, 4, 5])
def test_the_smallest_images_have_features_too(side: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (9, side, side, 1), np.uint8)
    found = random_evaluator((side, side, 1)).predict(images)
    assert found.features.shape == (9, 64)
    assert found.classes is None


def test_what_it_makes_of_real_images_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    network, images = random_evaluator((28, 28, 1)), samples()[1].test.head(60)
    made = cached_predictions(network, images)
    monkeypatch.setattr(Evaluator, "predict", None)
    kept = cached_predictions(network, images)
    np.testing.assert_array_equal(kept.features, made.features)
    assert kept.logits.shape == (60, 0)


def test_without_classes_only_what_needs_none_is_measured() -> None:
    rng = np.random.default_rng(0)
    made, test, train = (
        Predictions(rng.normal(size=(60, 4)).astype(np.float32), np.empty((60, 0), np.float32))
        for _ in range(3)
    )
    labels = np.arange(60) % 2
    evidence = Evidence(made, test, train, ("a", "b"), 0, test_labels=labels)
    asked = {each.name for each in measure(replace(evidence, asked=labels), {})}
    names = {each.name for each in measure(evidence, {})}
    assert {"frechet", "kernel_distance", "recall", "coverage", "memorised_fraction"} <= names
    assert not {name for name in names if "class" in name or "confidence" in name}
    assert asked - names == {"frechet_within_classes"}  # which looks at the labels alone


@cache
def samples() -> tuple[Dataset, Dataset]:
    clothes, digits = (
        load_dataset(DataConfig(name=name, source="sample")) for name in ("fashion-mnist", "mnist")
    )
    return clothes, digits


def degraded(kind: str) -> list[NDArray[np.uint8]]:
    """Real images and what a fault makes of them, worse and worse."""
    clothes, digits = samples()
    real, rng = clothes.train.images[:COUNT], np.random.default_rng(1)
    made: list[NDArray[Any]]
    if kind == "noise":
        made = [real + rng.normal(0, deviation, real.shape) for deviation in (10, 25, 60)]
    elif kind == "blur":
        made = [gaussian_filter(real.astype(float), (0, s, s, 0)) for s in (0.5, 1, 2)]
    elif kind == "fewer classes":
        of, train = clothes.train.labels, clothes.train.images
        assert of is not None
        made = [train[of < count][:COUNT] for count in (8, 5, 2)]
    elif kind == "copies":
        made = [real[:count].repeat(COUNT // count, axis=0) for count in (250, 50, 5)]
    else:
        others = digits.train.images
        made = [np.concatenate([others[:n], real[n:]]) for n in (COUNT // 10, COUNT // 2, COUNT)]
    return [real, *(each.clip(0, 255).astype(np.uint8) for each in made)]


@pytest.mark.parametrize("kind", ["noise", "blur", "fewer classes", "copies", "another set"])
def test_its_numbers_order_degraded_images(kind: str) -> None:
    clothes, _ = samples()
    network = random_evaluator((28, 28, 1))
    real = network.predict(clothes.test.images[:COUNT]).features
    frechet, kernel, nearest = [], [], []
    for images in degraded(kind):
        made = network.predict(images).features
        frechet.append(frechet_distance(fit_gaussian(made), fit_gaussian(real)))
        kernel.append(evaluate_kernel_distance(made, real, seed=0).value)
        nearest.append(evaluate_neighbours(made, real))
    precision, recall, coverage = (
        np.array([each[name] for each in nearest]) for name in ("precision", "recall", "coverage")
    )
    assert (np.diff(frechet) > 0).all()
    assert (np.diff(kernel)[1:] > 0).all()
    assert kernel[0] < kernel[2]  # half as many images, each twice, are of the same law
    assert (np.diff(coverage) < CHANCE).all()
    assert coverage[-1] < 0.8 * coverage[0]
    if kind == "another set":  # half of the real images are still there
        assert recall[-1] < 0.2 * recall[0]
    else:
        assert (np.diff(recall) < CHANCE).all()
        assert recall[-1] < 0.8 * recall[0]
    if kind in {"fewer classes", "copies"}:  # whose images are real
        assert precision[-1] > 0.9 * precision[0]
    else:
        assert (np.diff(precision)[1:] < 0).all()
        assert precision[-1] < 0.6 * precision[0]
