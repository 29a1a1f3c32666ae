"""Captioned images: a look at a data set, a classifier's mistakes, nearest training images."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convgan.reporting.figures import DPI, plain_text, png_figure
from convgan.reporting.images import enlarge, image_grid

_GAP, _LINE = 8, 15  # pixels between images, and of a line of text's height
_ORANGE = (255, 127, 14)  # as in the class histogram
_TITLE_LETTER = 8  # pixels of a letter's usual width
_LONGEST_SIDE = 256  # pixels; of larger neighbours every second, third … row is drawn
_LONGEST_CAPTION = 100  # characters looked at
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
    _save(path, images, captions, columns=columns, side=96)


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
        blank = np.full((1, 1, 1, 1), 255, np.uint8)
        _save(path, blank, [""], columns=1, side=1, title="no mistakes")
        return
    surest = np.argsort(-np.asarray(confidences, np.float64), kind="stable")[:_MOST_MISTAKES]
    true, predicted = (
        [plain_text(name, _LONGEST_NAME) for name in names]
        for names in (true_names, predicted_names)
    )
    captions = [f"{true[i]}\n→ {predicted[i]} {confidences[i]:.2f}" for i in surest]
    _save(path, images[surest], captions, columns=min(6, len(surest)), side=140)


def save_nearest_neighbours(
    path: Path,
    samples: NDArray[np.uint8],
    nearest: NDArray[np.uint8],
    *,
    captions: Sequence[Sequence[str]],
) -> None:
    """Draw generated images, each framed and followed by its nearest training images.

    Memorised images show as pairs that are the same.

    Args:
        path: the PNG file to write.
        samples: (N, H, W, C), C is 1 or 3, N at least 1.
        nearest: (N, K, H, W, C), the nearest first, K at least 1.
        captions: N rows of K short texts, such as distances; each stands under its image.

    Raises:
        ValueError: the images have another form, or there is not one caption for each.
        RunError: the file cannot be written.
    """
    count, neighbours = nearest.shape[:2]
    bytes_only = samples.dtype == nearest.dtype == np.uint8
    if samples.shape != (count, *nearest.shape[2:]) or nearest.size == 0 or not bytes_only:
        raise ValueError(
            f"got samples {samples.dtype} {samples.shape} and nearest images {nearest.dtype} "
            f"{nearest.shape}, expected uint8 (N, H, W, C) and (N, K, H, W, C), N and K at least 1"
        )
    if np.shape(captions) != (count, neighbours):
        raise ValueError(f"expected {count} rows of {neighbours} captions, got {captions}")
    samples = samples[:, None]
    blocks = np.concatenate([samples, nearest, np.full_like(samples, 255)], axis=1)
    stride = ceil(max(samples.shape[2:4]) / _LONGEST_SIDE)
    _save(
        path,
        blocks.reshape(-1, *samples.shape[2:])[:, ::stride, ::stride],
        [text for texts in captions for text in ("generated", *texts, "")],
        columns=blocks.shape[1] * min(2, count),
        side=84,
        title="framed: generated; to its right: the nearest training images",
        framed=blocks.shape[1],
    )


def _save(
    path: Path,
    images: NDArray[np.uint8],
    captions: Sequence[str],
    *,
    columns: int,
    side: int,
    title: str = "",
    framed: int = 0,
) -> None:
    """Draw images about `side` pixels wide; each `framed`-th from the first on gets a frame."""
    if len(captions) != len(images):
        raise ValueError(f"got {len(captions)} captions for {len(images)} images")
    from matplotlib.transforms import IdentityTransform  # noqa: PLC0415 (0.4 s)

    scale = max(1, round(side / images.shape[2]))
    images = enlarge(images, scale)
    height, width = images.shape[1:3]
    text_height = 4 + _LINE * (1 + max(caption.count("\n") for caption in captions))
    cells = np.pad(images, [(0, 0), (0, text_height), (0, 0), (0, 0)], constant_values=255)
    grid = image_grid(cells, columns, gap=_GAP)
    head = 2 * _LINE if title else 0
    more = max(0, 2 * _GAP + len(title) * _TITLE_LETTER - grid.shape[1])
    page = np.pad(grid, [(head, 0), (0, more), (0, 0)], constant_values=255)
    page = np.broadcast_to(page, (*page.shape[:2], 3)).copy()
    pixels = IdentityTransform()
    with png_figure(path, page.shape[1] / DPI, len(page) / DPI) as figure:
        figure.set_layout_engine("none")
        figure.text(_GAP, len(page) - _GAP, title, va="top", fontsize=9, transform=pixels)
        for index, caption in enumerate(captions):
            row, column = divmod(index, columns)
            left = _GAP + column * (width + _GAP)
            top = len(grid) - _GAP - row * (height + text_height + _GAP)
            for number, line in enumerate(caption.split("\n")):
                y = top - height - 5 - number * _LINE
                text = figure.text(left, y, plain_text(line, _LONGEST_CAPTION), va="top", size=8)
                text.set_transform(pixels)
                while text.get_window_extent().width > width:
                    text.set_text(text.get_text()[:-2] + "…")
            if framed and index % framed == 0:
                y = len(page) - top  # from above
                inside = page[y : y + height, left : left + width].copy()
                page[y - 2 : y + height + 2, left - 2 : left + width + 2] = _ORANGE
                page[y : y + height, left : left + width] = inside
        figure.figimage(page)
