"""Digits drawn in different ways become pictures such as MNIST's."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from convgan.data.digits import NoDigitError, as_mnist

SEVEN = [(0.15, 0.05), (0.85, 0.05), (0.4, 0.95)]


def drawn(
    *,
    ground: int = 240,
    ink: int = 40,
    size: tuple[int, int] = (400, 300),
    at: tuple[int, int] = (230, 60),
    height: int = 120,
    pen: int = 9,
    shade: float = 0.0,
    noise: float = 0.0,
) -> NDArray[np.uint8]:
    """A seven on a photograph."""
    picture = Image.new("L", size, 0)
    points = [(at[0] + x * height * 0.6, at[1] + y * height) for x, y in SEVEN]
    ImageDraw.Draw(picture).line(points, fill=255, width=pen, joint="curve")
    mask = np.asarray(picture) / 255
    x = np.linspace(-1, 1, size[0])
    light = (ground + (ink - ground) * mask) * (1 + shade * x)
    light += np.random.default_rng(0).normal(0, noise, light.shape)
    return light.clip(0, 255).astype(np.uint8)


def box(image: NDArray[np.uint8]) -> tuple[int, int]:
    rows, columns = np.nonzero(image > 60)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


@pytest.mark.parametrize(
    "way",
    [
        {},
        {"ground": 40, "ink": 220},
        {"ground": 60, "ink": 130, "noise": 3},
        {"shade": 0.3, "noise": 6},
        {"at": (20, 150), "height": 60, "pen": 5},
        {"height": 220, "pen": 3},
        {"size": (90, 700), "at": (5, 500), "height": 80},
    ],
    ids=["paper", "board", "faint", "shaded", "small, aside", "thin pen", "tall picture"],
)
def test_a_digit_is_found_and_made_as_mnist_s(way: dict[str, int]) -> None:
    made, words = as_mnist(drawn(**way))  # type: ignore[arg-type]
    assert made.shape == (28, 28)
    assert made.dtype == np.uint8
    assert box(made)[0] in (19, 20)
    assert 10 <= box(made)[1] <= 15
    weights = made / made.sum()
    middle = [float((weights.sum(axis=1 - axis) * np.arange(28)).sum()) for axis in (0, 1)]
    assert middle == pytest.approx([13.5, 13.5], abs=0.6)
    assert made.max() > 240
    assert 0.05 < (made > 128).mean() < 0.2  # strokes neither fade nor spread
    assert made[6:9].sum() > 2 * made[20:23].sum()  # a seven has its bar above
    assert words.startswith("dark digit" if way.get("ground", 240) > 200 else "light digit")


def test_all_ways_give_nearly_the_same() -> None:
    ways = [drawn(), drawn(ground=40, ink=220), drawn(shade=0.3), drawn(at=(40, 20))]
    made = [as_mnist(each)[0].astype(float) for each in ways]
    for other in made[1:]:
        assert np.corrcoef(made[0].ravel(), other.ravel())[0, 1] > 0.85  # perhaps a pixel aside


def test_specks_and_a_frame_are_no_digit() -> None:
    dirty = drawn()
    dirty[:6] = dirty[:, :6] = 30
    dirty[250:253, 40:43] = 60
    assert (
        np.corrcoef(as_mnist(dirty)[0].ravel(), as_mnist(drawn())[0].ravel())[0, 1] > 0.85
    )  # perhaps a pixel aside


def test_a_picture_of_mnist_stays_as_it_is() -> None:
    digit = np.zeros((28, 28), np.uint8)
    digit[4:24, 12:16] = 200
    made, words = as_mnist(digit)
    assert np.array_equal(made, digit)
    assert words == "as it is"


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (np.full((60, 80), 200, np.uint8), "nothing on it stands out"),
        (np.random.default_rng(0).integers(90, 110, (60, 80)).astype(np.uint8), "stands out"),
        (np.full((1, 1), 7, np.uint8), "nothing on it stands out"),
    ],
)
def test_nothing_to_find(picture: NDArray[np.uint8], said: str) -> None:
    with pytest.raises(NoDigitError, match=said):
        as_mnist(picture)
