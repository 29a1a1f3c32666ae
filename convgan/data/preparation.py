"""A picture file from anywhere, made such as a network's training pictures were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convgan.config import DataConfig, Fit
from convgan.data.digits import NoDigitError, as_mnist
from convgan.data.opening import read_picture
from convgan.data.pictures import fit
from convgan.errors import DataError

_WORDS: dict[Fit, str] = {
    "crop": "central square, resized",
    "pad": "padded to a square, resized",
    "stretch": "stretched to a square",
}


def prepare(
    path: Path, shape: tuple[int, int, int], section: DataConfig
) -> tuple[NDArray[np.uint8], str]:
    """Return a file's picture as uint8 `shape`, (H, W, C), and in words what was done.

    Of MNIST's digits, one is found on it; other pictures are made square as in training.

    Raises:
        DataError: it is no picture, has no digit, or is not of a shape that is not square.
    """
    height, width, channels = shape
    size = height if height == width else None
    picture = read_picture(path)
    words = _WORDS[section.fit] if size else "as it is"
    try:
        if section.name == "mnist":
            digit, words = as_mnist(fit(picture, section, size=None, channels=1)[..., 0])
            picture = Image.fromarray(digit)
        image = fit(picture, section, size=size, channels=channels)
    except NoDigitError as error:
        raise DataError(f"{path}: no digit found: {error}") from error
    except (OSError, ValueError, MemoryError) as error:
        raise DataError(f"{path} cannot be prepared: {error}") from error
    if image.shape != shape:
        raise DataError(f"{path} is of {image.shape}, expected {shape}, as in training")
    return image, words
