from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convgan.data import Dataset, ImageSet, hold_out
from convgan.errors import DataError


def make(labels: Any = (0, 1, 1, 0, 1), names: tuple[str, ...] = ("a", "b")) -> ImageSet:
    numbers = None if labels is None else np.asarray(labels, np.int64)
    count = 5 if numbers is None else len(numbers)
    images = (np.arange(count * 6) % 256).astype(np.uint8).reshape(count, 2, 3, 1)
    return ImageSet(images, numbers, names, "some", "made up")


def test_properties() -> None:
    images = make()
    assert len(images) == 5
    assert images.image_shape == (2, 3, 1)
    assert images.class_counts() == {"a": 2, "b": 3}
    assert make(None, ()).class_counts() == {}


def test_arrays_are_read_only_but_not_the_callers() -> None:
    mine = np.zeros((1, 2, 2, 1), np.uint8)
    images = ImageSet(mine, np.zeros(1, np.int64), ("a",), "some", "made up")
    for array in (images.images, images.labels):
        assert array is not None
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    mine[0] = 1


@pytest.mark.parametrize(
    ("images", "labels", "names", "message"),
    [
        (np.zeros((1, 2, 2, 1)), None, (), "float64"),
        (np.zeros((1, 2, 2), np.uint8), None, (), "expected uint8"),
        (np.zeros((1, 2, 2, 4), np.uint8), None, (), "1 or 3 channels"),
        (np.zeros((1, 0, 2, 1), np.uint8), None, (), "height or width 0"),
        (np.zeros((1, 2, 2, 1), np.uint8), None, ("a",), "but no labels"),
        (np.zeros((1, 2, 2, 1), np.uint8), np.zeros(2, np.int64), ("a",), r"int64 \(1,\)"),
        (np.zeros((1, 2, 2, 1), np.uint8), np.zeros(1, np.int32), ("a",), "int32"),
        (np.zeros((1, 2, 2, 1), np.uint8), np.ones(1, np.int64), ("a",), "1 class names"),
        (np.zeros((1, 2, 2, 1), np.uint8), -np.ones(1, np.int64), ("a",), "from -1"),
        (np.zeros((1, 2, 2, 1), np.uint8), np.zeros(1, np.int64), ("a", "a"), "twice"),
    ],
)
def test_what_cannot_be_is_an_error(
    images: Any, labels: Any, names: tuple[str, ...], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        ImageSet(images, labels, names, "some", "made up")


def test_fingerprint_depends_on_content_only() -> None:
    images = make()
    same = ImageSet(images.images.copy(), images.labels, ("x", "y"), "other", "elsewhere")
    assert images.fingerprint == same.fingerprint
    assert len(images.fingerprint) == 64
    reshaped = ImageSet(images.images.reshape(5, 3, 2, 1), images.labels, ("a", "b"), "", "")
    others = [make((0, 1, 1, 0, 0)), make(None, ()), images.take([1, 0, 2, 3, 4]), reshaped]
    assert len({images.fingerprint, *(other.fingerprint for other in others)}) == 5
    assert images.head(0).fingerprint != images.fingerprint


def test_take_and_head() -> None:
    images = make()
    taken = images.take(np.array([3, 1]))
    np.testing.assert_array_equal(taken.images, images.images[[3, 1]])
    assert taken.labels is not None
    assert taken.labels.tolist() == [0, 1]
    assert len(images.take([])) == 0
    assert images.head(2).fingerprint == images.take([0, 1]).fingerprint
    assert len(images.head(99)) == 5


def test_dataset_parts_must_be_alike() -> None:
    images = make()
    Dataset(images, images.head(1))
    other_size = ImageSet(np.zeros((1, 3, 3, 1), np.uint8), None, (), "some", "")
    with pytest.raises(DataError, match=r"\(2, 3, 1\).*\(3, 3, 1\)"):
        Dataset(images, other_size)
    with pytest.raises(DataError, match="classes"):
        Dataset(images, make(None, ()))
    with pytest.raises(DataError, match="test part holds no pictures"):
        Dataset(images, images.head(0))


def test_hold_out_is_stratified_exact_and_disjoint() -> None:
    labels = np.repeat([0, 1, 2], [50, 30, 17])
    whole = make(labels, ("a", "b", "c"))
    train, validation = hold_out(whole, 10, seed=3)
    assert (len(train), len(validation)) == (87, 10)
    # Shares 5.15, 3.09 and 1.75: the largest remainder is the last.
    assert validation.class_counts() == {"a": 5, "b": 3, "c": 2}
    seen = {image.tobytes() for image in whole.images}
    parts = [image.tobytes() for part in (train, validation) for image in part.images]
    assert len(seen) == len(parts) == len(whole)
    assert set(parts) == seen


def test_hold_out_follows_the_seed() -> None:
    whole = make(np.arange(40) % 2)
    held = [hold_out(whole, 8, seed)[1].fingerprint for seed in (1, 1, 2)]
    assert held[0] == held[1] != held[2]


@pytest.mark.parametrize("count", range(5))
def test_hold_out_any_count_without_labels(count: int) -> None:
    train, validation = hold_out(make(None, ()), count, seed=0)
    assert (len(train), len(validation)) == (5 - count, count)


def test_what_memory_should_not_hold_is_copied_to_the_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    whole = make(np.arange(2500) % 2)
    in_memory = hold_out(whole, 200, seed=1)
    monkeypatch.setattr("convgan.data.image_set.MOST_IN_MEMORY", 6 * 2300 - 1)
    train, held = hold_out(whole, 200, seed=1)
    owner: Any = train.images
    while isinstance(owner, np.ndarray):
        owner = owner.base
    assert isinstance(owner, mmap.mmap)
    assert (train.fingerprint, held.fingerprint) == tuple(each.fingerprint for each in in_memory)
    assert not list((tmp_path / "convgan").iterdir())
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"no room for a copy of 2,300 .*data\.validation=0"):
        hold_out(whole, 200, seed=1)


@pytest.mark.parametrize("count", [-1, 5, 6])
def test_hold_out_leaves_something_to_train_with(count: int) -> None:
    with pytest.raises(DataError, match=f"cannot hold out {count} of 5"):
        hold_out(make(), count, seed=0)
