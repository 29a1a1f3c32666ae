"""What is chosen for pictures that come without a configuration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convgan.config import ClassifierRunConfig, GanRunConfig, load_config, load_data_section
from convgan.errors import UsageError
from convgan.models.build import check_networks
from convgan.recipes.inspect import find_target
from convgan.recipes.own_pictures import SIZES, Chosen, Facts, choose, classifier, gan, look
from convgan.training.loop import total_steps

HERE = Path("pictures")


def facts(size: int = 28, channels: int = 1, count: int = 60_000, **classes: int) -> Facts:
    return Facts(size, size, channels, count, classes)


def checked(chosen: Chosen, *changes: str) -> GanRunConfig | ClassifierRunConfig:
    config = load_config(chosen.tree, changes)
    assert load_config(config.model_dump(mode="json")) == config
    return config


@pytest.mark.parametrize(
    ("preset", "size", "channels"), [("gan-fashion-best", 28, 1), ("gan-64", 64, 3)]
)
def test_the_networks_are_those_of_a_preset(preset: str, size: int, channels: int) -> None:
    config, known = checked(gan(facts(size, channels), HERE)), load_config(preset)
    assert isinstance(config, GanRunConfig)
    assert isinstance(known, GanRunConfig)
    assert config.generator == known.generator
    assert config.discriminator == known.discriminator
    assert config.train.penalty == known.train.penalty
    assert config.train.generator_optimizer == known.train.generator_optimizer


@pytest.mark.parametrize("size", SIZES)
def test_networks_fit_every_size(size: int) -> None:
    for make, classes in ((gan, {}), (classifier, {"a": 100, "b": 100})):
        config = checked(make(facts(size, 3, 2000, **classes), HERE))
        tables = check_networks(config, (size, size, 3), 2)
        if make is gan:
            assert tables["generator"][-1].output_shape == (size, size, 3)


@pytest.mark.parametrize(
    ("side", "expected"), [(9, 16), (16, 16), (27, 16), (50, 32), (72, 64), (500, 64)]
)
def test_the_size_is_the_largest_that_fits(side: int, expected: int, tmp_path: Path) -> None:
    for index in range(3):
        Image.new("L", (side + 3 * index, side), index).save(tmp_path / f"{index}.png")
    found = look(tmp_path)
    assert (found.side, found.size, found.channels, found.count) == (side, expected, 1, 2)


@pytest.mark.parametrize(
    ("folder", "name"), [("Übung 😀", "bung"), ("写真", "dcgan"), ("a'\"b", "a-b")]
)
def test_folders_may_be_called_anything(folder: str, name: str, tmp_path: Path) -> None:
    pictures = tmp_path / folder
    pictures.mkdir()
    for index in range(3):
        Image.new("L", (16, 16), index).save(pictures / f"{index}.png")
    config = checked(choose("dcgan", pictures))
    assert (config.name, config.data.folder) == (name, pictures)
    assert find_target(str(pictures)) == load_data_section("folder", folder=pictures)


def test_a_larger_size_can_be_asked_for_and_an_odd_one_is_refused(tmp_path: Path) -> None:
    for index in range(3):
        Image.new("RGB", (20, 20), (index, 9, 9)).save(tmp_path / f"{index}.png")
    found = look(tmp_path, ["data.image_size=128", "data.limit=1", "train.epochs=3"])
    assert (found.side, found.size, found.channels, found.count) == (20, 128, 3, 1)
    with pytest.raises(UsageError, match=r"image_size 20: .* made for \(16, 28"):
        look(tmp_path, ["data.image_size=20"])


def test_colour_files_whose_pictures_are_grey_are_grey(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (16, 16, 1), np.uint8).repeat(3, axis=2)
    for index in range(3):
        Image.fromarray(grey + np.uint8(index)).save(tmp_path / f"{index}.png")
    assert look(tmp_path).channels == 1
    chosen = choose("dcgan", tmp_path)
    assert chosen.tree["data"] == {
        "name": "folder", "folder": str(tmp_path), "image_size": 16, "channels": 1
    }  # fmt: skip


@pytest.mark.parametrize("count", [40, 900, 3_408, 9_999, 10_000, 60_000])
@pytest.mark.parametrize(("size", "steps"), [(28, 20_000), (64, 6_000)])
def test_about_as_many_steps_of_some_twenty_epochs(count: int, size: int, steps: int) -> None:
    config = checked(gan(facts(size, 3, count), HERE))
    kept = count - round(config.data.validation * count)
    assert total_steps(config.train, kept) == pytest.approx(steps, rel=0.12)
    assert 3 <= config.train.epochs <= 40


def test_few_pictures_are_augmented_and_many_hold_some_out() -> None:
    few, many = (checked(gan(facts(28, 3, count), HERE)) for count in (9_999, 10_000))
    assert isinstance(few, GanRunConfig)
    assert isinstance(many, GanRunConfig)
    assert few.train.augment
    assert few.train.augment.probability == "adaptive"
    assert [each.name for each in few.train.augmentations] == ["flip"]
    assert (few.train.evaluate_every, few.data.validation) == (0, 0)
    assert many.train.augment is None
    assert (many.train.evaluate_every, many.data.validation) == (1, 0.05)
    grey = checked(gan(facts(28, 1, 9_999), HERE))
    assert grey.train.augmentations == ()


@pytest.mark.parametrize(
    ("count", "classes", "expected"),
    [
        (1000, {"a": 500, "b": 500}, True),
        (1000, {"a": 951, "b": 49}, "clusters"),
        (1000, {}, "clusters"),
        (499, {}, False),
        (99, {"a": 50, "b": 49}, False),
    ],
)
def test_what_the_networks_are_told(count: int, classes: dict[str, int], expected: object) -> None:
    chosen = gan(facts(28, 1, count, **classes), HERE)
    config = checked(chosen)
    assert isinstance(config, GanRunConfig)
    assert config.conditional == expected
    assert dict(choice[:2] for choice in chosen.choices)["conditional"] == str(expected).lower()


def test_uneven_classes_are_weighted() -> None:
    even, uneven = (checked(classifier(facts(28, 1, 900, a=a, b=300), HERE)) for a in (600, 601))
    assert isinstance(even, ClassifierRunConfig)
    assert isinstance(uneven, ClassifierRunConfig)
    assert (even.train.class_weights, uneven.train.class_weights) == ("equal", "balanced")


def test_a_classifier_needs_classes() -> None:
    with pytest.raises(UsageError, match="has 0 classes: a classifier needs at least two"):
        classifier(facts(), HERE)


def test_the_users_changes_come_last() -> None:
    config = checked(gan(facts(), HERE), "train.epochs=3", "conditional=false", "name=mine")
    assert isinstance(config, GanRunConfig)
    assert (config.name, config.train.epochs, config.conditional) == ("mine", 3, False)
