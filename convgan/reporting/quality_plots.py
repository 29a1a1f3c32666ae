"""How good generated images are: beside their nearest training images, and over the epochs."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from convgan.errors import DataError
from convgan.reporting.captions import caption_strip, line_height, plain_text, text_width
from convgan.reporting.figures import png_figure
from convgan.reporting.images import enlarge, image_grid, save_png

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Point = tuple[float, float, float | None]

_SIDE = 84  # screen pixels of an image's width: distances can be read under it
_LONGEST_SIDE = 256  # pixels; of larger images every second, third … row and column is drawn
_FRAME = 3  # pixels
_GENERATED = np.array([255, 127, 14], np.uint8)  # orange, as in the class histogram
_BLOCKS = 2  # beside one another
_GAP = 20  # between blocks
_HEAD = 13  # font size
_TITLE_FONT, _TITLE_WIDTH, _TITLE_LINES = 17, 780, 3  # pixels, pixels, lines
_LARGEST = 1e30  # drawn; more than float32 makes matplotlib overflow


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
        captions: N rows of K short texts, such as distances; each stands under its training
            picture, and is cut where it does not fit.

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
    lines = max(text.count("\n") for texts in captions for text in texts)
    first = "generated" + "\n" * lines  # so that all blocks are of one height
    blocks = [
        image_grid(
            _framed(np.concatenate([sample[None], around])),
            neighbours + 1,
            gap=4,
            labels=[first, *texts],
        )
        for sample, around, texts in zip(samples, nearest, captions, strict=True)
    ]
    save_png(path, _headed(image_grid(np.stack(blocks), min(_BLOCKS, count), gap=_GAP)))


def save_metric_over_epochs(
    path: Path,
    points: Sequence[Point],
    *,
    name: str,
    reference: float | None = None,
    best: float | None = None,
) -> None:
    """Draw a metric of which lower is better over the epochs, with the best one marked.

    Args:
        path: the PNG file to write.
        points: (epoch, value, standard error or None); values that are not finite are left out
            and counted in the title.
        name: the metric, with the protocol that it was measured by; a long one is wrapped.
        reference: what real images score, a dashed line.
        best: the epoch of the point to mark.

    Raises:
        DataError: no value is finite.
        ValueError: no point with a finite value has the epoch `best`.
        RunError: the file cannot be written.
    """
    drawn = [point for point in points if _drawable(point[1])]
    if not drawn:
        raise DataError(f"{plain_text(name)} has no finite value to draw")
    value_at = {epoch: value for epoch, value, _ in drawn}
    if best is not None and best not in value_at:
        raise ValueError(f"epoch {best} is to be marked, but the values are of {list(value_at)}")
    epochs, values, errors = zip(*drawn, strict=True)
    bars = [error if _drawable(error) else math.nan for error in errors]
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 (0.4 s that only plots need)

    with png_figure(path, 8, 4) as figure:
        axes: Axes = figure.subplots()
        axes.errorbar(epochs, values, yerr=bars, fmt="o-", color="C0", ms=4, lw=1.2, capsize=3)
        if _drawable(reference):
            axes.axhline(
                reference, color="0.4", ls="--", lw=1.2, label=f"real images: {reference:.4g}"
            )
        if best is not None:
            label = f"best: {value_at[best]:.4g} at epoch {round(best, 2):g}"
            axes.plot(best, value_at[best], "o", color="C3", ms=10, mfc="none", mew=2, label=label)
        if axes.get_legend_handles_labels()[1]:
            axes.legend(loc="best")
        axes.set_title(_title(name, len(points) - len(drawn)), loc="left")
        axes.set_xlim(min(epochs) - 0.5, max(epochs) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlabel("epoch")
        axes.set_ylabel("lower is better")
        axes.grid(True)


def _framed(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(N, H, W, C) enlarged, in colour, with an orange frame around the first and none after."""
    stride = -(-max(images.shape[1:3]) // _LONGEST_SIDE)
    images = images[:, ::stride, ::stride]
    scale = max(1, round(_SIDE / images.shape[2]))
    large = np.stack([enlarge(image, scale) for image in images])
    height, width = large.shape[1:3]
    canvas = np.full((len(large), height + 2 * _FRAME, width + 2 * _FRAME, 3), 255, np.uint8)
    canvas[0] = _GENERATED
    canvas[:, _FRAME:-_FRAME, _FRAME:-_FRAME] = large
    return canvas


def _headed(grid: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put a line above that says what is what; it is never cut."""
    head = "framed: generated; to its right: the nearest training images"
    width = max(grid.shape[1], text_width(head, _HEAD) + 2 * _GAP)
    page = np.full((_GAP + line_height(_HEAD) + len(grid), width, 3), 255, np.uint8)
    strip = caption_strip(head, width - 2 * _GAP, font_size=_HEAD)
    page[_GAP : -len(grid), _GAP:-_GAP] = strip[..., None]
    page[-len(grid) :, : grid.shape[1]] = grid
    return page


def _drawable(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value) and abs(value) <= _LARGEST


def _title(name: str, left_out: int) -> str:
    """The name in at most three lines, each as long as there is room for."""
    name, lines = plain_text(name), [""]
    for letters in range(100, 0, -5):
        lines = textwrap.wrap(name, letters, max_lines=_TITLE_LINES, placeholder=" …")
        if text_width("\n".join(lines), _TITLE_FONT) <= _TITLE_WIDTH:
            break
    note = f"(values that are not finite, left out: {left_out})"
    return "\n".join([*lines, note] if left_out else lines)
