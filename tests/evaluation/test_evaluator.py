"""The networks that evaluator pictures: the bundled ones and those of runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from convgan.arrays import read_header
from convgan.config import DataConfig
from convgan.data import load_dataset
from convgan.errors import DataError
from convgan.evaluation import evaluator
from convgan.evaluation.evaluator import bundled_card, bundled_evaluator, load_evaluator
from convgan.evaluation.prediction import predict_logits
from convgan.models.network_file import read_network, write_network
from tests.training.tiny import gan_specs, pictures

from .judges import classifier_file

FOLDER = Path(evaluator.__file__).parent / "networks"
SETS = ("mnist", "fashion-mnist")


@pytest.mark.parametrize("name", SETS)
def test_a_bundled_evaluator_is_small_and_what_its_card_says(name: str) -> None:
    card = bundled_card(name)
    assert card is not None
    path = FOLDER / f"{name}.safetensors"
    assert path.stat().st_size < 1_000_000
    assert read_header(path)["sha256"] == card["sha256"]
    network = bundled_evaluator(name)
    assert network is not None
    assert network.dimension == card["features"]
    assert network.sha256 == card["sha256"]
    assert network.image_shape == (28, 28, 1)
    assert network.num_classes == 10


@pytest.mark.parametrize("name", SETS)
def test_a_bundled_evaluator_knows_its_classes(name: str) -> None:
    """On the bundled sample, of which it was trained with every picture."""
    network = bundled_evaluator(name)
    assert network is not None
    sample = load_dataset(DataConfig(name=name, source="sample")).test
    features, logits = network.predict(sample.images)
    assert (logits.argmax(axis=1) == sample.labels).mean() > 0.9
    spread = features.std(axis=0)
    assert spread.min() > 0.01 * spread.max()  # no dead feature


def test_other_data_has_no_bundled_evaluator() -> None:
    assert bundled_evaluator("folder") is None


def test_a_file_that_is_not_the_cards_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluator, "_BUNDLED", tmp_path)
    (tmp_path / "mnist.json").write_text(json.dumps({"sha256": "0" * 64}))
    with pytest.raises(DataError, match=r"mnist\.safetensors is missing"):
        bundled_evaluator("mnist")
    classifier_file(tmp_path).rename(tmp_path / "mnist.safetensors")
    with pytest.raises(DataError, match=r"has SHA-256 .*, expected 0000.*install convgan anew"):
        bundled_evaluator("mnist")


def test_features_are_what_the_logits_are_made_of(tmp_path: Path) -> None:
    path = classifier_file(tmp_path)
    classifier, network = read_network(path).network, load_evaluator(path, "mine")
    images = pictures(501).images  # more than a batch
    features, logits = network.predict(images)
    assert features.shape == (501, network.dimension)
    weights, bias = classifier.get_layer("classes").get_weights()
    np.testing.assert_allclose(features @ weights + bias, logits, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(predict_logits(classifier, images), logits, rtol=1e-4, atol=1e-5)


def test_a_network_without_features_is_refused(tmp_path: Path) -> None:
    path, spec = tmp_path / "discriminator.safetensors", gan_specs()["discriminator"]
    write_network(path, "discriminator", spec.build(), spec)
    with pytest.raises(DataError, match="no layer named 'features'"):
        load_evaluator(path, "other")


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = classifier_file(tmp_path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="is damaged"):
        load_evaluator(path, "torn")


@pytest.mark.parametrize("damage", [np.nan, np.inf, -np.inf])
def test_features_that_are_not_finite_are_refused(tmp_path: Path, damage: float) -> None:
    network = load_evaluator(classifier_file(tmp_path), "diverged")
    kernel = network.model.layers[1].kernel
    kernel.assign(np.full(kernel.shape, damage))
    with pytest.raises(DataError, match=r"the evaluator diverged gives .* NaN or infinite"):
        network.predict(pictures(3).images)
