"""Which evaluator measures images where no classifier is asked for."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from convgan.config import DataConfig, load_config
from convgan.data import ImageSet
from convgan.errors import UsageError
from convgan.evaluation.find_evaluator import find_evaluator
from convgan.runs import Run

OWN = DataConfig(name="folder", folder=Path("mine"), image_size=12)


def images(side: int, names: tuple[str, ...] = ()) -> ImageSet:
    labels = np.arange(6) % len(names) if names else None
    return ImageSet(np.zeros((6, side, side, 1), np.uint8), labels, names, "folder", "here")


@pytest.mark.parametrize(("names", "told"), [((), False), (("one",), False), (("a", "b"), True)])
def test_own_images_get_the_random_network_and_those_with_classes_a_hint(
    names: tuple[str, ...], told: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="convgan"):
        found = find_evaluator(OWN, images(12, names), tmp_path)
    assert found.name == "random-12x12x1-s0"
    assert bool(caplog.messages) == told
    command = "convgan train-classifier --data mine --set data.image_size=12"
    assert (command in caplog.text) == told


def test_the_bundled_network_goes_first_unless_the_random_one_is_asked_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    digits = DataConfig(name="mnist")
    with caplog.at_level(logging.INFO, logger="convgan"):
        assert find_evaluator(digits, images(28), None).name == "convgan-mnist"
        assert find_evaluator(digits, images(28), None, "random").name == "random-28x28x1-s0"
    assert caplog.messages == []
    assert find_evaluator(digits, images(32), None).name == "random-32x32x1-s0"


def test_images_from_anywhere_get_what_is_named_if_it_fits(tmp_path: Path) -> None:
    assert find_evaluator(None, images(28), tmp_path).name == "random-28x28x1-s0"
    found = find_evaluator(None, images(28), tmp_path, "convgan-fashion-mnist")
    assert (found.name, found.class_names[-1]) == ("convgan-fashion-mnist", "Ankle boot")
    for wanted, said in (
        ("convgan-mnist", r"the evaluator convgan-mnist takes images of \(28, 28, 1\)"),
        ("mnist", "no classifier run 'mnist'"),
        ("convgan-nothing", "no classifier run"),
    ):
        with pytest.raises(UsageError, match=said):
            find_evaluator(None, images(12), tmp_path, wanted)


def test_a_damaged_classifier_nobody_asked_for_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = load_config("classifier-mnist")
    run = Run.create(tmp_path, "judge", config)
    path = run.folder / "model" / "classifier.safetensors"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"damaged")
    assert find_evaluator(config.data, images(32), tmp_path).name == "random-32x32x1-s0"
    assert "judge-0001 is no evaluator: " in caplog.text
