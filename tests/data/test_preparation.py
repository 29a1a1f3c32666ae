"""A picture file becomes what a network of its data set takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from convgan.config import DataConfig
from convgan.data.preparation import prepare
from convgan.errors import DataError

CLOTHES = DataConfig(name="fashion-mnist")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A dark seven aside on paper, in colour."""
    picture = Image.new("RGB", (300, 200), (230, 220, 200))
    ImageDraw.Draw(picture).line([(200, 30), (250, 30), (220, 120)], (30, 30, 90), 8)
    picture.save(tmp_path / "seven.png")
    return tmp_path / "seven.png"


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 1), (64, 64, 3)])
def test_a_digit_in_any_shape_that_digits_are_trained_in(
    path: Path, shape: tuple[int, int, int]
) -> None:
    image, words = prepare(path, shape, DataConfig(name="mnist"))
    assert image.shape == shape
    assert words.startswith("dark digit")
    assert image[:, 0].max() == 0
    assert image.max() > 220


def test_clothes_keep_their_middle(path: Path) -> None:
    image, words = prepare(path, (16, 16, 3), CLOTHES)
    assert words == "central square, resized"
    assert image[0, 0].tolist() == [230, 220, 200]
    with pytest.raises(DataError, match=r"is of \(200, 300, 3\), expected \(20, 30, 3\)"):
        prepare(path, (20, 30, 3), CLOTHES)
    whole, words = prepare(path, (200, 300, 1), CLOTHES)
    assert words == "as it is"
    assert whole.shape == (200, 300, 1)
    assert int(np.ptp(whole)) > 150


@pytest.mark.parametrize(
    ("how", "corner", "says"), [("pad", "red", "padded"), ("stretch", None, "stretched")]
)
def test_a_picture_is_made_square_as_in_training(
    path: Path, how: str, corner: str | None, says: str
) -> None:
    data = DataConfig.model_validate({"name": "fashion-mnist", "fit": how, "background": "red"})
    image, words = prepare(path, (30, 30, 3), data)
    assert words.startswith(says)
    assert image[0, 0].tolist() == ([255, 0, 0] if corner else [230, 220, 200])
