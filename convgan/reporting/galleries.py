"""Captioned images: a look at a data set, and a classifier's worst mistakes."""

from __future__ import annotations

from math import ceil, sqrt
from typing import TYPE_CHECKING

import numpy as np

from convgan.reporting.captions import plain_text
from convgan.reporting.images import image_grid, save_png

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_GAP = 8
_MOST_MISTAKES = 30
_LONGEST_NAME = 13  # characters, so that "→ name 0.99" fits under an image


def save_labelled_pictures(
    path: Path, images: NDArray[np.uint8], *, captions: Sequence[str]
) -> None:
    """Write images (N, H, W, C) with a caption under each as one PNG file.

    Raises:
        ValueError: there are no images, they have another form, or captions are missing.
        RunError: the file cannot be written.
    """
    columns = min(10, max(1, ceil(sqrt(2 * len(images)))))  # about twice as wide as high
    scale = max(1, round(96 / images.shape[2]))
    save_png(path, image_grid(images, columns, gap=_GAP, scale=scale, labels=captions))


def save_mistakes(
    path: Path,
    images: NDArray[np.uint8],
    *,
    true_names: Sequence[str],
    predicted_names: Sequence[str],
    confidences: NDArray[np.floating] | Sequence[float],
) -> None:
    """Write the most confident of a classifier's mistakes, the surest first, as one PNG file.

    Args:
        path: the file to write.
        images: (N, H, W, C), all of them wrongly classified; the 30 surest are drawn. With
            N = 0 the file says that there are none.
        true_names: N class names.
        predicted_names: N class names.
        confidences: N probabilities of the predicted class, in [0, 1].

    Raises:
        ValueError: the images have another form, or the lengths differ.
        RunError: the file cannot be written.
    """
    lengths = (len(images), len(true_names), len(predicted_names), len(confidences))
    if len(set(lengths)) > 1:
        raise ValueError(f"images, true names, predictions and confidences number {lengths}")
    if len(images) == 0:
        blank = np.full((1, 24, 140, 1), 255, np.uint8)
        save_png(path, image_grid(blank, 1, labels=["no mistakes"]))
        return
    surest = np.argsort(-np.asarray(confidences, np.float64), kind="stable")[:_MOST_MISTAKES]
    captions = [
        f"{_short(true_names[i])}\n→ {_short(predicted_names[i])} {confidences[i]:.2f}"
        for i in surest
    ]
    scale = max(1, round(140 / images.shape[2]))
    columns = min(6, len(surest))
    save_png(path, image_grid(images[surest], columns, gap=_GAP, scale=scale, labels=captions))


def _short(name: str) -> str:
    name = plain_text(name)
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
