"""Random changes of pictures, against loops over pixels.

That they are repeatable, and the same when compiled, is in tests/test_contracts.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from convgan.config.kinds import AUGMENTATIONS
from convgan.training.streams import stream_seed

SHAPE = (6, 5, 2)
IMAGES = np.random.default_rng(0).normal(size=(150, *SHAPE)).astype(np.float32)

Change = Callable[[Any, Any], Any]


def change_of(name: str, **settings: float) -> Change:
    return AUGMENTATIONS[name].model_validate({"name": name, **settings})


def made(change: Change) -> NDArray[np.float32]:
    array: NDArray[np.float32] = change(tf.constant(IMAGES), stream_seed(1, "a", 0)).numpy()
    return array


def found(results: NDArray[np.float32], variants: dict[Any, NDArray[np.float32]]) -> list[Any]:
    """Which variant each picture became."""
    names = []
    for index, result in enumerate(results):
        fitting = [name for name, each in variants.items() if np.array_equal(each[index], result)]
        assert len(fitting) == 1
        names += fitting
    return names


def shifted(image: NDArray[np.float32], down: int, right: int) -> NDArray[np.float32]:
    """By a loop over pixels: each shows what was `down` above and `right` left of it."""
    height, width, _ = image.shape
    made = np.empty_like(image)
    for y in range(height):
        for x in range(width):
            from_y = min(max(y - down, 0), height - 1)
            made[y, x] = image[from_y, min(max(x - right, 0), width - 1)]
    return made


def test_each_picture_has_a_shift_of_its_own() -> None:
    change = change_of("shift", pixels=2)
    offsets = [(down, right) for down in range(-2, 3) for right in range(-2, 3)]
    variants = {at: np.stack([shifted(image, *at) for image in IMAGES]) for at in offsets}
    # 150 draws of 25: a missing one has a chance of 5 %, and the seed is fixed.
    assert set(found(made(change), variants)) == set(offsets)


def test_half_of_the_pictures_are_mirrored() -> None:
    change = change_of("flip")
    names = found(made(change), {"as it was": IMAGES, "mirrored": IMAGES[:, :, ::-1]})
    assert 55 < names.count("mirrored") < 95  # 75 expected, deviation 6


@pytest.mark.parametrize("side", [1, 3])
def test_a_square_is_grey(side: int) -> None:
    change = change_of("cutout", size=side)
    height, width, _ = SHAPE
    centres = [(row, column) for row in range(height) for column in range(width)]
    variants = {}
    for row, column in centres:
        erased = IMAGES.copy()
        top, left = row - side // 2, column - side // 2
        for y in range(max(0, top), min(height, top + side)):
            for x in range(max(0, left), min(width, left + side)):
                erased[:, y, x] = 0
        variants[row, column] = erased
    names = found(made(change), variants)
    assert len(set(names)) > 0.9 * len(centres)


def sampled(
    image: NDArray[np.float32], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float32]:
    """By a loop over pixels, each mixed from the four around its origin."""
    height, width, _ = image.shape
    made = np.zeros_like(image)
    for row, column in np.ndindex(height, width):
        y, x = rows[row, column], columns[row, column]
        for r in (int(np.floor(y)), int(np.floor(y)) + 1):
            for c in (int(np.floor(x)), int(np.floor(x)) + 1):
                part = max(0.0, 1 - float(abs(y - r))) * max(0.0, 1 - float(abs(x - c)))
                made[row, column] += (
                    part * image[min(max(r, 0), height - 1), min(max(c, 0), width - 1)]
                )
    return made


def where(
    degrees: float, factor: float, shear: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The row and the column that each pixel comes from, by matrices."""
    height, width, _ = SHAPE
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = factor * np.array([[cosine, -sine], [sine, cosine]]) @ np.array([[1, shear], [0, 1]])
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    found = np.empty((height, width, 2))
    for row, column in np.ndindex(height, width):
        found[row, column] = turn @ ([column, row] - centre) + centre
    return found[..., 1], found[..., 0]


def test_each_picture_is_turned_scaled_and_sheared_about_its_centre() -> None:
    change = change_of("affine", degrees=30.0, scale=0.2, shear=0.3)
    seed, shape = stream_seed(1, "a", 0), [len(IMAGES), 3]
    chance = tf.random.stateless_uniform(shape, seed, minval=-1.0, maxval=1.0).numpy()
    assert np.abs(chance).max() > 0.9
    for image, result, (turn, size, shear) in zip(IMAGES, made(change), chance, strict=True):
        rows, columns = where(30 * turn, 1 + 0.2 * size, 0.3 * shear)
        assert result == pytest.approx(sampled(image, rows, columns), abs=1e-4)


def test_each_picture_is_bent_by_smooth_displacements() -> None:
    change = change_of("affine", elastic=0.8)
    (height, width, _), seed = SHAPE, stream_seed(1, "a", 0) + 1
    grids = tf.random.stateless_normal([len(IMAGES), 2, 1, 2], seed, stddev=0.8).numpy()
    rows, columns = np.mgrid[:height, :width].astype(float)
    places = (np.arange(height) + 0.5) * 2 / height - 0.5
    for image, result, grid in zip(IMAGES, made(change), grids, strict=True):
        down, right = (np.interp(places, [0, 1], grid[:, 0, axis])[:, None] for axis in (0, 1))
        assert result == pytest.approx(sampled(image, rows + down, columns + right), abs=1e-4)


def test_a_warp_by_nothing_changes_nothing() -> None:
    assert made(change_of("affine")) == pytest.approx(IMAGES, abs=1e-5)
