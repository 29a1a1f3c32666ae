"""Your own pictures in an npz archive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from convgan.config import DataConfig
from convgan.data import Dataset, load_dataset
from convgan.errors import DataError

RNG = np.random.default_rng(3)


def load(path: Path, **settings: Any) -> Dataset:
    return load_dataset(DataConfig.model_validate({"name": "folder", "folder": path, **settings}))


def saved(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def noise(count: int, *shape: int) -> Any:
    return RNG.integers(0, 256, (count, *shape), np.uint8)


@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 1), (9, 7, 3)])
def test_images_without_labels_keep_their_order(tmp_path: Path, shape: tuple[int, ...]) -> None:
    images = noise(21, *shape)
    dataset = load(saved(tmp_path / "own.npz", images=images, seeds=np.arange(21)))
    images = images.reshape(21, 9, 7, -1)
    tests = [9, 19]
    np.testing.assert_array_equal(dataset.test.images, images[tests])
    np.testing.assert_array_equal(dataset.train.images, np.delete(images, tests, axis=0))
    assert dataset.train.labels is None


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int32", "uint64", "int64"])
def test_classes_take_turns_by_their_numbers(tmp_path: Path, dtype: str) -> None:
    labels = np.array([10, 10, 10, 2, 2, 2, 2], dtype)
    images = np.arange(7 * 64, dtype=np.uint8).reshape(7, 8, 8)
    dataset = load(saved(tmp_path / "own.npz", images=images, labels=labels), limit=4)
    assert dataset.train.class_names == ("2", "10")
    np.testing.assert_array_equal(dataset.train.images[..., 0], images[[3, 0, 4, 1]])
    np.testing.assert_array_equal(dataset.train.labels, [0, 1, 0, 1])
    np.testing.assert_array_equal(dataset.test.images[..., 0], images[[6, 2]])


def test_given_train_and_test_are_as_in_a_folder(tmp_path: Path) -> None:
    x_train, x_test = noise(12, 8, 8, 3), noise(5, 8, 8, 3)
    y_train, y_test = RNG.permutation(np.repeat([0, 1, 4], 4)), np.array([[4], [0], [1], [1], [0]])
    archive = saved(
        tmp_path / "own.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test
    )
    for part, images, labels in (("train", x_train, y_train), ("test", x_test, y_test.ravel())):
        for i, (image, label) in enumerate(zip(images, labels, strict=True)):
            path = tmp_path / "own" / part / str(label) / f"{i:02}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
    expected, found = load(tmp_path / "own"), load(archive)
    assert expected.train.fingerprint == found.train.fingerprint
    assert expected.test.fingerprint == found.test.fingerprint
    assert expected.train.class_names == found.train.class_names


def test_arrays_are_fitted_like_pictures(tmp_path: Path) -> None:
    wide = np.zeros((4, 8, 24, 3), np.uint8)
    path = saved(tmp_path / "own.npz", images=wide)
    padded = load(path, image_size=24, fit="pad", background="#0000ff").train.images
    assert padded.shape == (3, 24, 24, 3)
    assert padded[0, 0, 0].tolist() == [0, 0, 255]
    assert padded[0, 12, 0].tolist() == [0, 0, 0]


IMAGES = noise(4, 8, 8)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": IMAGES, "labels": np.arange(3)}, r"labels is \(3,\), expected \(4,\)"),
        ({"images": IMAGES, "labels": np.ones((1, 4), int)}, r"labels is \(1, 4\)"),
        ({"images": IMAGES, "labels": np.ones(4)}, "labels is no .npy file of uint8 or int8 or"),
        ({"images": IMAGES, "labels": np.arange(4)}, "class '0', has only one picture"),
        ({"images": IMAGES[:1]}, "has only one picture"),
        ({"images": IMAGES.astype(float)}, "images is no .npy file of uint8"),
        ({"images": noise(4, 8, 8, 2)}, r"images is \(4, 8, 8, 2\), expected"),
        ({"images": noise(4, 8)}, r"images is \(4, 8\), expected"),
        ({"pictures": IMAGES}, "holds no x_train"),
        (
            {"x_train": IMAGES, "y_train": [0, 0, 1, 1], "x_test": IMAGES, "y_test": [0, 0, 1, 2]},
            r"y_test has the labels \['2'\], which y_train does not have",
        ),
        ({"x_train": IMAGES, "y_train": [0, 0, 1, 1], "x_test": IMAGES}, "y_test .*y_train"),
        ({"x_train": IMAGES, "x_test": noise(4, 9, 8)}, "must be alike"),
    ],
)
def test_what_does_not_belong_together(
    tmp_path: Path, arrays: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        load(saved(tmp_path / "own.npz", **arrays))
