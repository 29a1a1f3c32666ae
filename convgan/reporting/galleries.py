"""Captioned images: a look at a data set, a classifier's mistakes, nearest training images."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from convgan.reporting.figures import plain_text
from convgan.reporting.images import enlarge, image_grid, save_png, thinned

_GAP, _LINE, _FONT_SIZE = 8, 15, 12  # pixels between images, of a line of text, of its letters
_ORANGE = (255, 127, 14)  # as in the class histogram
_LONGEST_NAME = 13  # characters, so that "→ name 0.99" fits under an image
_LONGEST_CAPTION = 100  # characters looked at


def save_labelled_pictures(
    path: Path, images: NDArray[np.uint8], *, captions: Sequence[str]
) -> None:
    """Write images (N, H, W, C) with a caption under each as one PNG file."""
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
    """Write a classifier's mistakes (N, H, W, C) as one PNG file, or that there are none.

    `confidences` are N probabilities of the predicted class.
    """
    if len(images) == 0:
        blank = np.full((1, 1, 1, 1), 255, np.uint8)
        _save(path, blank, [""], columns=1, side=1, title="no mistakes")
        return
    captions = [
        f"{plain_text(true, _LONGEST_NAME)}\n→ {plain_text(predicted, _LONGEST_NAME)} {sure:.2f}"
        for true, predicted, sure in zip(true_names, predicted_names, confidences, strict=True)
    ]
    _save(path, images, captions, columns=min(6, len(images)), side=140)


def save_nearest_neighbours(
    path: Path,
    samples: NDArray[np.uint8],
    nearest: NDArray[np.uint8],
    *,
    captions: Sequence[Sequence[str]],
) -> None:
    """Draw generated images (N, H, W, C), each framed and followed by its nearest training images.

    Those are (N, K, H, W, C), the nearest first, each with a caption. Memorised images show as
    pairs that are the same.
    """
    samples = samples[:, None]
    blocks = np.concatenate([samples, nearest, np.full_like(samples, 255)], axis=1)
    count, width = blocks.shape[:2]
    _save(
        path,
        blocks.reshape(-1, *samples.shape[2:]),
        [text for texts in captions for text in ("generated", *texts, "")],
        columns=width * min(2, count),
        side=84,
        title="framed: generated; to its right: the nearest training images",
        framed=width,
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
    from matplotlib import get_data_path  # noqa: PLC0415 (0.1 s; its font has many scripts)

    font = ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf", _FONT_SIZE)
    images = thinned(images)
    images = enlarge(images, max(1, round(side / images.shape[2])))
    height, width = images.shape[1:3]
    below = 4 + _LINE * (1 + max(caption.count("\n") for caption in captions))
    cells = np.pad(images, [(0, 0), (0, below), (0, 0), (0, 0)], constant_values=255)
    grid = image_grid(cells, columns, gap=_GAP)
    head = 2 * _LINE if title else 0
    more = max(0, 2 * _GAP + ceil(font.getlength(title)) - grid.shape[1])
    page = np.pad(grid, [(head, 0), (0, more), (0, 0)], constant_values=255)
    sheet = Image.fromarray(np.broadcast_to(page, (*page.shape[:2], 3)).copy())
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP, _GAP), title, 0, font)
    for index, caption in enumerate(captions):
        row, column = divmod(index, columns)
        left = _GAP + column * (width + _GAP)
        top = head + _GAP + row * (height + below + _GAP)
        for number, line in enumerate(caption.split("\n")):
            text = plain_text(line, _LONGEST_CAPTION)
            while font.getlength(text) > width:
                text = text[:-2] + "…"
            draw.text((left, top + height + 3 + number * _LINE), text, 0, font)
        if framed and index % framed == 0:
            box = (left - 2, top - 2, left + width + 1, top + height + 1)
            draw.rectangle(box, outline=_ORANGE, width=2)
    save_png(path, np.asarray(sheet))
