"""Pictures as arrays: many in one grid, and PNG files."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from convgan.errors import DataError, UsageError
from convgan.files import replacing
from convgan.reporting.captions import caption_strip, line_height

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

MAX_PIXELS = 64_000_000  # of one image, written or read
_BLANK = 255
_DAMAGE = (OSError, SyntaxError, ValueError, IndexError, EOFError, struct.error, zlib.error)


def image_grid(
    images: NDArray[np.uint8],
    columns: int,
    *,
    gap: int = 2,
    scale: int = 1,
    labels: Sequence[str] | None = None,
) -> NDArray[np.uint8]:
    """Lay images out row by row on white, each enlarged without smoothing.

    Args:
        images: (N, H, W, C), C is 1 or 3, N at least 1.
        columns: images in a row; cells after the last image stay white.
        gap: white pixels between the cells and around them, not enlarged.
        scale: each pixel becomes scale × scale pixels.
        labels: N captions, drawn under the images and cut where they do not fit; a newline
            begins a second line. Good to read where an image is 80 pixels wide or more.

    Returns:
        (rows · h + (rows + 1) · gap, columns · w + (columns + 1) · gap, C) for cells of height
        h = H · scale + the caption's height, and width w = W · scale.

    Raises:
        UsageError: `columns` or `scale` is below 1, `gap` below 0, or the grid too large.
        ValueError: `images` has another form, or there is not one label for each.
    """
    _check_images(images, labels)
    if columns < 1 or scale < 1 or gap < 0:
        raise UsageError(
            f"a grid of {columns} columns, scale {scale} and gap {gap} cannot be drawn; "
            "columns and scale are at least 1, gap at least 0"
        )
    count, height, width, channels = images.shape
    font_size = min(max(width * scale // 11, 10), 14)
    lines = max(label.count("\n") + 1 for label in labels) if labels is not None else 0
    cell_height = height * scale + lines * line_height(font_size)
    cell_width = width * scale
    rows = -(-count // columns)
    grid_height = rows * cell_height + (rows + 1) * gap
    grid_width = columns * cell_width + (columns + 1) * gap
    if grid_height * grid_width > MAX_PIXELS:
        raise UsageError(
            f"a grid of {grid_height}×{grid_width} pixels is larger than the {MAX_PIXELS} pixels "
            "that convgan draws; ask for fewer images, fewer columns or a smaller scale"
        )
    grid = np.full((grid_height, grid_width, channels), _BLANK, np.uint8)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        top = gap + row * (cell_height + gap)
        left = gap + column * (cell_width + gap)
        cell = grid[top : top + cell_height, left : left + cell_width]
        cell[: height * scale] = enlarge(image, scale)
        if labels is not None:
            strip = caption_strip(labels[index], cell_width, font_size=font_size, lines=lines)
            cell[height * scale :] = strip[..., None]
    return grid


def enlarge(image: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """(H, W, C) to (H · scale, W · scale, C), each pixel repeated."""
    return image.repeat(scale, axis=0).repeat(scale, axis=1)


def png_bytes(array: NDArray[np.uint8]) -> bytes:
    """Return (H, W), (H, W, 1) or (H, W, 3) as a PNG file.

    Raises:
        ValueError: the array has another form or type.
    """
    if array.ndim == 3 and array.shape[-1] == 1:
        array = array[..., 0]
    colour = array.ndim == 3 and array.shape[-1] == 3
    if array.dtype != np.uint8 or not (array.ndim == 2 or colour) or array.size == 0:
        raise ValueError(
            f"got {array.dtype} of shape {array.shape}, expected uint8 of shape (H, W), "
            "(H, W, 1) or (H, W, 3)"
        )
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, format="PNG")
    return stream.getvalue()


def save_png(path: Path, array: NDArray[np.uint8]) -> None:
    """Write an array as a PNG file, which appears whole or not at all; see `png_bytes`.

    Raises:
        RunError: the file cannot be written.
    """
    content = png_bytes(array)
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def read_png(path: Path) -> NDArray[np.uint8]:
    """Read a PNG file of 8 bits a channel as (H, W, 1) if it is grey, else as (H, W, 3).

    Raises:
        DataError: there is no such file, it is no PNG or a damaged one, or it is too large.
    """
    if not path.is_file():
        raise DataError(f"there is no picture at {path}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(path, formats=["PNG"])
        with picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise DataError(
                    f"{path} has {picture.width}×{picture.height} pixels, more than {MAX_PIXELS}"
                )
            if picture.mode.startswith(("I", "F")):
                raise DataError(f"{path} is a PNG of 16 bits a channel, expected 8")
            array = np.array(picture.convert("L" if picture.mode in {"L", "1"} else "RGB"))
    except DataError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise DataError(f"{path} has more than {MAX_PIXELS} pixels") from error
    except _DAMAGE as error:
        raise DataError(f"{path} is not a readable PNG picture: {error}") from error
    return array.reshape(*array.shape[:2], -1)


def _check_images(images: NDArray[np.uint8], labels: Sequence[str] | None) -> None:
    good = images.ndim == 4 and images.dtype == np.uint8 and images.shape[-1] in {1, 3}
    if not good or images.size == 0:
        raise ValueError(
            f"got {images.dtype} images of shape {images.shape}, expected uint8 (N, H, W, C), "
            "N at least 1 and C 1 or 3"
        )
    if labels is not None and len(labels) != len(images):
        raise ValueError(f"got {len(labels)} labels for {len(images)} pictures")
