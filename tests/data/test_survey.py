"""Folders with planted copies, changed copies, empty and damaged pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn

from convgan.config import DataConfig
from convgan.data import survey as survey_module
from convgan.data.folder import found_pictures
from convgan.data.survey import NEAR_BITS, Survey, perceptual_hash, survey
from convgan.errors import DataError


def made(seed: int, size: int = 48) -> Image.Image:
    """A picture with coarse and fine parts, unlike that of any other seed."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), np.uint8))
    large = np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC), np.int64)
    noise = rng.integers(-20, 21, (size, size, 3))
    return Image.fromarray(np.clip(large + noise, 0, 255).astype(np.uint8))


def save(path: Path, picture: Image.Image, quality: int = 95) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, quality=quality)


def surveyed(folder: Path) -> Survey:
    section = DataConfig(name="folder", folder=folder)
    return survey(found_pictures(section), section, shown=3)


def names(found: Survey, pairs: list[tuple[int, int]]) -> list[tuple[str, str]]:
    return [(found.names[earlier], found.names[later]) for earlier, later in pairs]


@pytest.fixture
def planted(tmp_path: Path) -> Survey:
    for seed in range(12):
        save(tmp_path / "train" / "ab"[seed % 2] / f"{seed:02}.png", made(seed))
    train, test = tmp_path / "train", tmp_path / "test"
    save(train / "b" / "small.png", made(4).resize((24, 24), Image.Resampling.LANCZOS))
    save(train / "b" / "copy.bmp", made(2))
    save(train / "b" / "grey.png", Image.new("L", (48, 48), 130))
    save(train / "b" / "white.png", Image.new("RGBA", (40, 48), (0, 0, 0, 0)))
    (train / "b" / "cut.png").write_bytes((train / "a" / "00.png").read_bytes()[:3000])
    (train / "b" / "text.jpg").write_text("no picture")
    save(test / "a" / "photo.jpg", made(6), quality=60)
    save(test / "a" / "same.png", made(3))
    save(test / "b" / "new.png", made(99))
    return surveyed(tmp_path)


def test_all_that_was_planted_is_found(planted: Survey) -> None:
    assert planted.sizes == {"48x48": 17, "24x24": 1, "40x48": 1}
    assert planted.modes == {"RGB": 17, "L": 1, "RGBA": 1}
    assert [planted.names[index] for index in planted.empty] == [
        "train/b/grey.png",
        "train/b/white.png",
    ]
    assert names(planted, planted.copies) == [
        ("train/a/02.png", "train/b/copy.bmp"),
        ("train/b/03.png", "test/a/same.png"),
    ]
    assert names(planted, planted.alike) == [
        ("train/a/04.png", "train/b/small.png"),
        ("train/a/06.png", "test/a/photo.jpg"),
    ]
    assert names(planted, planted.across) == [
        ("train/b/03.png", "test/a/same.png"),
        ("train/a/06.png", "test/a/photo.jpg"),
    ]
    assert planted.class_counts(test=False) == {"a": 6, "b": 10}
    assert planted.class_counts(test=True) == {"a": 2, "b": 1}


def test_bad_files_are_listed_with_what_is_wrong(planted: Survey) -> None:
    cut, text = planted.bad
    assert "cut.png is damaged" in cut
    assert "text.jpg is no picture" in text


def test_thumbnails_are_a_few_of_each_class(planted: Survey) -> None:
    assert {name: len(thumbs) for name, thumbs in planted.thumbs.items()} == {"a": 3, "b": 3}
    assert {thumb.shape for thumbs in planted.thumbs.values() for thumb in thumbs.values()} == {
        (64, 64, 3)
    }


def test_without_classes_there_are_more_thumbnails(tmp_path: Path) -> None:
    for seed in range(11):
        save(tmp_path / f"{seed}.png", made(seed, 16))
    assert [len(thumbs) for thumbs in surveyed(tmp_path).thumbs.values()] == [9]


def test_a_folder_without_pictures_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no pictures"):
        surveyed(tmp_path)


def test_the_hash_is_that_of_the_lowest_frequencies() -> None:
    grey = made(5, 32).convert("L")
    low = dctn(np.asarray(grey, float))[1:9, 1:9]
    expected = "".join("1" if value > np.median(low) else "0" for value in low.ravel())
    assert f"{perceptual_hash(grey):064b}" == expected


def test_the_nearest_earlier_one_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey_module, "_BLOCK", 7)
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, 50, np.uint64)
    for later in range(10, 50, 3):  # changed copies, by 0 to 7 bits
        flips = rng.choice(64, later % 8, replace=False).astype(np.uint64)
        hashes[later] = hashes[rng.integers(later)] ^ np.sum(np.uint64(1) << flips, dtype=np.uint64)
    expected = []
    for later in range(50):
        bits = [(int(each) ^ int(hashes[later])).bit_count() for each in hashes[:later]]
        if bits and min(bits) <= NEAR_BITS:
            expected.append((bits.index(min(bits)), later))
    assert 5 < len(expected) < 13
    assert [*survey_module._nearest_earlier(hashes)] == expected
