"""Networks from files, and their logits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from scipy import ndimage

from convgan.config.training import View
from convgan.errors import DataError
from convgan.evaluation.prediction import predict_logits
from convgan.models.network_file import read_network
from tests.training import tiny

from .judges import classifier_file


def network() -> keras.Model:
    """A network that would show its training mode."""
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            layers.Input((3, 2, 1)),
            layers.Flatten(),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(4),
        ]
    )


def images(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 3, 2, 1), np.uint8)


@pytest.mark.parametrize("count", [1, 500, 501, 1203])
def test_logits_are_those_of_one_go(count: int) -> None:
    model, pictures = network(), images(count)
    logits = predict_logits(model, pictures)
    assert logits.shape == (count, 4)
    assert logits.dtype == np.float32
    expected = model(pictures.astype(np.float32) / np.float32(127.5) - 1, training=False)
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-6)


def moved(picture: np.ndarray, by: float) -> np.ndarray:
    """Move (H, W, 1) down and right, bilinearly; the edge fills the gap."""
    return np.asarray(ndimage.shift(picture.astype(float), (by, by, 0), order=1, mode="nearest"))


@pytest.mark.parametrize(
    ("views", "changes"),
    [
        (["mirrored"], [np.fliplr]),
        (["shifted"], [lambda picture: moved(picture, 0.5), lambda picture: moved(picture, -0.5)]),
    ],
)
def test_logits_are_the_mean_over_a_picture_and_its_views(
    views: list[View], changes: list[Callable[[np.ndarray], np.ndarray]]
) -> None:
    model, pictures = network(), images(120)
    seen = [pictures, *(np.stack(list(map(change, pictures))) for change in changes)]
    each = [model(pictures.astype(np.float32) / np.float32(127.5) - 1) for pictures in seen]
    found = predict_logits(model, pictures, views)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.mean(each, axis=0), rtol=1e-5, atol=1e-6)
    assert not np.allclose(found, each[0], atol=1e-2)


def test_saved_and_loaded(tmp_path: Path) -> None:
    """What else may be wrong with a file is in tests/models."""
    path = classifier_file(tmp_path)
    saved, pictures = read_network(path).network, tiny.pictures(9).images
    model = tiny.classifier_spec().build()
    model.set_weights(saved.get_weights())
    assert np.array_equal(predict_logits(saved, pictures), predict_logits(model, pictures))
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(DataError, match=r"classifier\.safetensors is damaged"):
        read_network(path)


def test_images_of_another_size_are_refused() -> None:
    with pytest.raises(DataError, match=r"takes images of \(3, 2, 1\), these are \(3, 3, 1\)"):
        predict_logits(network(), np.zeros((2, 3, 3, 1), np.uint8))
