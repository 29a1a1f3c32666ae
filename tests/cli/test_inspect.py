"""`inspect` of configurations, data sets and folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convgan.config import presets
from convgan.registry import DATASETS
from tests.data.making import picture
from tests.extensions import rings_dataset

from .commands import done, refused


def test_inspect_prints_the_layers_of_the_article(tmp_path: Path) -> None:
    text = done("inspect", "dcgan-fashion-article", "--set", "data.source=sample")
    for number in ("840,705", "840,321", "384", "212,865", "7×7×128", "14×14×64", "28×28×1"):
        assert number in text
    assert max(map(len, text.splitlines())) <= 80
    assert "93,322" in done("inspect", "classifier-mnist-article", "--set", "data.source=sample")


def test_inspect_data_counts_and_draws(tmp_path: Path) -> None:
    text = done(
        "inspect", "dcgan-fashion", "--set=data.source=sample", "--pictures", "--out", tmp_path
    )
    for part in ("Ankle boot", "4,000 training, 1,000 test", "28 x 28 x 1", "0 to 255"):
        assert part in text
    assert (tmp_path / "fashion-mnist.png").is_file()


@pytest.mark.parametrize("name", ["mnist", "rings"])
def test_inspect_takes_the_name_of_a_data_set(tmp_path: Path, name: str) -> None:
    assert rings_dataset.__doc__
    text = done("inspect", name, "--set=data.source=sample", "--out", tmp_path)
    entry = DATASETS[name]
    assert entry.counts is not None
    assert "(in full {:,} and {:,})".format(*entry.counts) in text
    for part in (f"{name}: ", "0 to 2", entry.licence, entry.origin, *entry.class_names):
        assert part in text
    assert (tmp_path / f"{name}.png").is_file()


def test_inspect_takes_a_folder_of_pictures(tmp_path: Path) -> None:
    for index in range(12):
        picture(tmp_path / "own" / "ab"[index % 2] / f"{index}.png", index)
    text = done("inspect", tmp_path / "own", "--set=data.channels=3", "--out", tmp_path)
    for part in ("10 training, 2 test\n", "8 x 8 x 3", "0 to 11", "a         5     1"):
        assert part in text
    assert (tmp_path / "folder.png").is_file()


def test_inspect_says_what_is_wrong_with_pictures(tmp_path: Path) -> None:
    own = tmp_path / "own"
    for index in range(30):
        picture(own / "ab"[index > 3] / f"{index:02}.png", 8 * index, (8, 8 + index % 2))
    for index in range(12):
        (own / "b" / f"no-{index:02}.png").write_bytes(b"no picture")
    text = done("inspect", own, "--out", tmp_path)
    for part in (
        "They cannot be trained on as they are: ",
        "sizes     8x8 15, 8x9 15",
        "modes     L 30",
        f"12        cannot be read\n          {own.resolve() / 'b' / 'no-00.png'} is no picture",
        "\n          and 2 more\n30        nearly empty\n          a/00.png",
        "0         the same as an earlier picture",
        "27 training pictures are few for a GAN: augmentation will be on.",
        "The classes are uneven: 24 of b, 3 of a.",
        "a         3     1",
    ):
        assert part in text
    assert (tmp_path / "folder.png").is_file()


def test_inspect_takes_arrays_at_their_own_size(tmp_path: Path) -> None:
    images = np.arange(20 * 9 * 7, dtype=np.uint8).reshape(20, 9, 7)
    np.savez(tmp_path / "own.npz", images=images, labels=np.arange(20) % 2)
    text = done("inspect", tmp_path / "own.npz", "--set=data.image_size=16", "--out", tmp_path)
    for part in (
        "sizes     7x9 20",
        "16 x 16 x 1",
        "0         9     1",
    ):
        assert part in text


def test_inspect_of_damaged_training_pictures(tmp_path: Path) -> None:
    for part in ("train", "test"):
        (tmp_path / part / "a").mkdir(parents=True)
        (tmp_path / part / "a" / "1.png").write_bytes(b"no picture")
    said = refused(2, "inspect", tmp_path, "--out", tmp_path / "out")
    assert "not one of 2 pictures can be read" in said
    assert str(tmp_path.resolve() / "train" / "a" / "1.png") in said
    picture(tmp_path / "test" / "a" / "1.png")
    text = done("inspect", tmp_path, "--out", tmp_path / "out")
    assert "0 training pictures are few" in text
    assert "a         0     1" in text


def test_inspect_lists_only_the_largest_classes_and_none_at_all(tmp_path: Path) -> None:
    for index in range(40):
        picture(tmp_path / "many" / f"{index % 20:02}" / f"{index}.png", index)
        picture(tmp_path / "none" / f"{index}.png", index)
    text = done("inspect", tmp_path / "many", "--out", tmp_path)
    assert "The grid has the 16 largest of 20 classes." in text
    assert "uneven" not in text
    assert "classes" not in done("inspect", tmp_path / "none", "--out", tmp_path)


def test_inspect_refuses_what_could_be_two_things(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("dcgan-mnist", "mnist"):
        for index in range(2):
            picture(tmp_path / name / f"{index}.png", index)
    said = refused(2, "inspect", "dcgan-mnist")
    assert f"a preset ({presets()['dcgan-mnist']}) and a path (./dcgan-mnist)" in said
    assert "a data set (--set data.name=mnist --pictures)" in refused(2, "inspect", "mnist")
    assert "1 training, 1 test" in done("inspect", "./mnist")
    assert "1 training, 1 test" in done("inspect", "folder", "--set=data.folder=mnist")
    sets = ("--set=data.name=mnist", "--set=data.source=sample")
    assert "4,000 training" in done("inspect", "classifier-mnist", *sets, "--pictures")
    assert "multiply-adds" in done("inspect", presets()["classifier-mnist"], *sets)


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03\0\0\0\x05\0\0\0\x1c")
    said = refused(2, "inspect", "classifier-mnist", "--pictures", f"--set=data.folder={tmp_path}")
    assert "train-images-idx3-ubyte" in said
