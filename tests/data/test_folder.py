from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from convgan.config import DataConfig
from convgan.data import Dataset, decoding, load_dataset, pictures
from convgan.errors import DataError
from convgan.registry import DATASETS

from .making import picture

RED, GREEN = (255, 0, 0), (0, 255, 0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    return tmp_path / "own"


def load(root: Path, **settings: Any) -> Dataset:
    return load_dataset(DataConfig.model_validate({"name": "folder", "folder": root, **settings}))


def levels(dataset: Dataset) -> tuple[list[int], list[int]]:
    """The first pixel of each training and test picture, by which the tests know them."""
    train, test = (part.images[:, 0, 0, 0].tolist() for part in (dataset.train, dataset.test))
    return train, test


def test_given_train_and_test(root: Path) -> None:
    picture(root / "train" / "b" / "1.png", RED)
    picture(root / "train" / "a" / "1.PNG", GREEN)
    picture(root / "train" / "a" / "2.bmp", GREEN)
    picture(root / "test" / "a" / "1.png", GREEN)
    dataset = load(root)
    assert dataset.train.class_names == ("a", "b")
    assert dataset.train.class_counts() == {"a": 2, "b": 1}
    assert dataset.test.class_counts() == {"a": 1, "b": 0}
    assert dataset.train.images.shape == (3, 8, 8, 3)
    # Classes take turns: a, b, a.
    np.testing.assert_array_equal(dataset.train.images[:, 0, 0], [GREEN, RED, GREEN])
    assert dataset.train.labels is not None
    assert dataset.train.labels.tolist() == [0, 1, 0]
    assert str(root) in dataset.train.origin
    assert dataset.train.name == "folder"


def test_classes_give_every_tenth_to_the_test(root: Path) -> None:
    for i in range(20):
        picture(root / "many" / f"{i:02}.png", i)
    for i in range(3):
        picture(root / "few" / f"{i}.png", 100 + i)
    train, test = levels(load(root))
    assert sorted(test) == [9, 19, 102]
    assert sorted(train + test) == [*range(20), 100, 101, 102]
    assert load(root).test.class_counts() == {"few": 1, "many": 2}


@pytest.mark.parametrize("below", ["", "train"])
def test_flat_pictures_have_no_labels(
    root: Path, below: str, caplog: pytest.LogCaptureFixture
) -> None:
    for i in range(11):
        picture(root / below / f"{i:02}.png", i)
    dataset = load(root)
    assert dataset.train.labels is None
    assert dataset.train.class_names == ()
    assert levels(dataset) == ([*range(9), 10], [9])
    assert [record for record in caplog.records if record.levelname != "INFO"] == []


def test_the_limit_is_balanced_and_spares_decoding(root: Path) -> None:
    for i in range(4):
        picture(root / "train" / "a" / f"{i}.png", i)
        picture(root / "train" / "b" / f"{i}.png", 100 + i)
    picture(root / "test" / "a" / "0.png", 7)
    (root / "train" / "b" / "3.png").write_bytes(b"damaged, but never looked at")
    assert levels(load(root, limit=3)) == ([0, 100, 1], [7])


def test_channels(root: Path) -> None:
    picture(root / "1.png", 50)
    picture(root / "2.png", 60)
    assert load(root).train.image_shape == (8, 8, 1)
    assert load(root, channels=3).train.image_shape == (8, 8, 3)
    picture(root / "3.png", RED)
    assert load(root).train.image_shape == (8, 8, 3)
    assert load(root, channels=1).test.images[0, 0, 0, 0] == 76  # ITU-R 601's red


def test_a_size_crops_the_centre_and_resizes(root: Path) -> None:
    wide = np.zeros((8, 24), np.uint8)
    wide[:, 8:16] = 200
    Image.fromarray(wide).save(root / "1.png")
    Image.fromarray(wide.T.copy()).save(root / "2.png")
    dataset = load(root, image_size=16)
    for part in (dataset.train, dataset.test):
        assert part.image_shape == (16, 16, 1)
        assert (part.images == 200).all()


def test_sizes_differ(root: Path) -> None:
    picture(root / "1.png", size=(8, 8))
    picture(root / "2.png", size=(8, 9))
    match = r"1\.png is 8x8, .*2\.png is 8x9.*--set data\.image_size=64"
    with pytest.raises(DataError, match=match):
        load(root)


def test_a_turned_photograph_is_put_upright(root: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for i in range(2):
        Image.new("RGB", (10, 20), RED).save(root / f"{i}.jpg", exif=exif)
    assert load(root).train.image_shape == (10, 20, 3)


def test_transparency_is_put_on_white(root: Path) -> None:
    for i in range(2):
        Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(root / f"{i}.png")
    assert (load(root).train.images == 255).all()


def test_sixteen_bits_are_scaled_not_clipped(root: Path) -> None:
    for i in range(2):
        Image.fromarray(np.full((8, 8), 0x8042, np.uint16)).save(root / f"{i}.png")
    train = load(root).train
    assert train.image_shape == (8, 8, 1)
    assert (train.images == 0x80).all()


def test_gif_and_webp(root: Path) -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in (RED, GREEN)]
    frames[0].save(root / "1.gif", save_all=True, append_images=frames[1:])
    frames[0].save(root / "2.webp", lossless=True)
    train, test = load(root).train.images, load(root).test.images
    np.testing.assert_array_equal(train[0, 0, 0], RED)  # the first frame
    np.testing.assert_array_equal(test[0, 0, 0], RED)


def test_what_is_no_picture_is_left_out(root: Path) -> None:
    for i in range(2):
        picture(root / f"{i}.png")
    (root / "notes.txt").write_text("hello")
    (root / ".hidden.png").write_text("hello")
    (root / "empty").mkdir()
    assert len(load(root).train) == 1


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_out_of_the_folder_are_left_out(
    root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for i in range(2):
        picture(root / f"{i}.png", i)
    outside = picture(tmp_path / "outside" / "secret.png", 99)
    (root / "link.png").symlink_to(outside)
    (root / "class").symlink_to(outside.parent)
    (root / "2.png").symlink_to(root / "0.png")
    assert levels(load(root)) == ([0, 1], [0])
    assert "link.png is left out" in caplog.text


@pytest.mark.parametrize("damage", ["not a picture", "truncated"])
def test_a_damaged_picture_is_named(root: Path, damage: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    for i in range(3):
        Image.fromarray(noise).save(root / f"{i}.png")
    content = (root / "1.png").read_bytes()
    bad = content[: len(content) // 2] if damage == "truncated" else b"\0" * 100
    (root / "1.png").write_bytes(bad)
    with pytest.raises(DataError, match=r"1\.png"):
        load(root)


def test_a_large_photograph_is_taken_and_a_small_file_that_claims_as_much_is_not(
    root: Path,
) -> None:
    for name, image in (
        ("photograph.jpg", Image.effect_noise((5000, 3000), 60)),
        ("zeros.png", Image.new("L", (5000, 3000))),
    ):
        (root / "a").mkdir(exist_ok=True)
        image.save(root / "a" / name, quality=40)
        if name == "photograph.jpg":
            picture(root / "a" / "small.png")
            assert load(root, image_size=8).train.images.shape == (1, 8, 8, 1)
    with pytest.raises(DataError, match=r"zeros.png is suspiciously large: it has 5000x3000"):
        load(root, image_size=8)


def test_a_decompression_bomb(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(2):
        picture(root / f"{i}.png", size=(100, 100))
    for limit in (100, 8000):  # Pillow's error, and its warning
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(DataError, match=r"0\.png is suspiciously large"):
            load(root)


def test_more_than_memory_holds(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(2):
        picture(root / f"{i}.png")
    monkeypatch.setattr(pictures, "MAX_ARRAY_BYTES", 8 * 8 * 2 - 1)
    with pytest.raises(DataError, match=r"smaller data\.image_size"):
        load(root)


def test_layouts_that_say_nothing(root: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a folder"):
        load(tmp_path / "none")
    with pytest.raises(DataError, match=r"not a folder.*; for the data set: --set data\.name=svhn"):
        load(Path("svhn"))
    with pytest.raises(DataError, match="holds no pictures"):
        load(root)
    picture(root / "a" / "1.png")
    with pytest.raises(DataError, match="only one picture"):
        load(root)
    picture(root / "1.png")
    with pytest.raises(DataError, match="beside folders of pictures"):
        load(root)
    picture(root / "test" / "a" / "1.png")
    with pytest.raises(DataError, match=r"test/ but no train/"):
        load(root)
    picture(root / "train" / "b" / "1.png")
    with pytest.raises(DataError, match=r"classes \['a'\]"):
        load(root)


@pytest.fixture
def cached(root: Path, tmp_path: Path) -> Path:
    """The cached array of a folder of two pictures."""
    for i in range(2):
        picture(root / f"{i}.png", 10 + i)
    load(root)
    (file,) = (tmp_path / "home" / ".cache" / "convgan" / "decoded").iterdir()
    return file


def test_pictures_are_decoded_once(
    root: Path, cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(decoding, "_decode", None)
        again = load(root)
    assert levels(again) == ([10], [11])
    picture(root / "1.png", 77, size=(8, 8))
    os.utime(root / "1.png", ns=(1, 1))
    assert levels(load(root)) == ([10], [77])
    assert load(root, channels=3).train.image_shape == (8, 8, 3)
    assert len(list(cached.parent.iterdir())) == 3


@pytest.mark.parametrize("bad", ["empty", "truncated", "pickled", "another form"])
def test_a_bad_cache_is_made_anew(root: Path, cached: Path, bad: str) -> None:
    good = cached.read_bytes()
    if bad in ("empty", "truncated"):
        cached.write_bytes(good[: -10 if bad == "truncated" else 0])
    else:
        content = np.array([{}]) if bad == "pickled" else np.zeros((9, 8, 8, 1), np.uint8)
        np.save(cached, content, allow_pickle=True)
    assert levels(load(root)) == ([10], [11])
    assert cached.read_bytes() == good


def test_a_cache_that_cannot_be_written(
    root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "home").write_text("not a folder")
    for i in range(2):
        picture(root / f"{i}.png", i)
    assert levels(load(root)) == ([0], [1])
    assert "not kept" in caplog.text


def test_a_folder_is_the_same_however_it_is_written(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root.parent)
    monkeypatch.setenv("HOME", str(root.parent))
    ways = (root, "own", "other/../own", "~/own")
    sections = [DataConfig.model_validate({"name": "folder", "folder": way}) for way in ways]
    assert len({DATASETS["folder"].identity(section) for section in sections}) == 1
    other = DataConfig.model_validate({"name": "folder", "folder": "other"})
    assert DATASETS["folder"].identity(other) != DATASETS["folder"].identity(sections[0])
