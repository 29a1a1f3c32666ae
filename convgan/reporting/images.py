"""Pictures as arrays: many in one grid, and PNG files."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Sequence
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from convgan.errors import DataError, UsageError
from convgan.files import replacing

_NAME_SIZE = 13  # pixels
_LONGEST_SIDE = 256  # pixels of an image among many
MAX_PIXELS = 64_000_000  # of one image, written or read
_DAMAGE = (
    *(OSError, SyntaxError, ValueError, IndexError, EOFError, struct.error, zlib.error),
    *(Image.DecompressionBombWarning, Image.DecompressionBombError),
)


def image_grid(
    images: NDArray[np.uint8], columns: int, *, gap: int = 2, scale: int = 1
) -> NDArray[np.uint8]:
    """Lay images (N, H, W, C) out row by row on white, each pixel scale × scale pixels large.

    The gaps between the cells and around them are not enlarged; cells after the last image stay
    white.

    Raises:
        UsageError: the grid is too large.
    """
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    height, width = height * scale + gap, width * scale + gap
    if (rows * height + gap) * (columns * width + gap) > MAX_PIXELS:
        raise UsageError(
            f"a grid of {rows * height + gap}×{columns * width + gap} pixels is larger than the "
            f"{MAX_PIXELS} pixels that convgan draws; ask for fewer images, fewer columns or a "
            "smaller scale"
        )
    around = [(0, rows * columns - count), (gap, 0), (gap, 0), (0, 0)]
    cells = np.pad(enlarge(images, scale), around, constant_values=255)
    grid = cells.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    grid = grid.reshape(rows * height, columns * width, channels)
    return np.pad(grid, [(0, gap), (0, gap), (0, 0)], constant_values=255)


def name_columns(
    grid: NDArray[np.uint8], names: Sequence[str], *, gap: int = 2
) -> NDArray[np.uint8]:
    """Return a grid (H, W, C) of as many columns as names with these above it, on white.

    A name that is wider than its column is cut.
    """
    font = ImageFont.load_default(_NAME_SIZE)
    strip = Image.new("L", (grid.shape[1], 2 * _NAME_SIZE), 255)
    width = (grid.shape[1] - gap) / len(names)
    for index, name in enumerate(names):
        shown = name
        while shown and font.getlength(shown) > width - gap:
            shown = shown[:-2].rstrip() + "…" if len(shown) > 2 else ""
        x = gap / 2 + (index + 0.5) * width
        ImageDraw.Draw(strip).text((x, _NAME_SIZE), shown, fill=0, font=font, anchor="mm")
    header = np.asarray(strip)[..., None].repeat(grid.shape[-1], axis=-1)
    return np.concatenate([header, grid])


def class_grid(
    images: NDArray[np.uint8], labels: NDArray[np.int64], names: Sequence[str], rows: int
) -> NDArray[np.uint8]:
    """Return a grid with a named column for each class, of the first of its images (N, H, W, C).

    It is white where a class has fewer than `rows`.
    """
    cells = np.full((rows, len(names), *images.shape[1:]), 255, np.uint8)
    for column in range(len(names)):
        found = images[labels == column][:rows]
        cells[: len(found), column] = found
    scale = max(1, round(84 / images.shape[2]))  # a column is wide enough for most names
    grid = image_grid(cells.reshape(-1, *images.shape[1:]), len(names), scale=scale)
    return name_columns(grid, names)


def enlarge(images: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """(…, H, W, C) to (…, H · scale, W · scale, C), each pixel repeated."""
    return images.repeat(scale, axis=-3).repeat(scale, axis=-2)


def thinned(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(…, H, W, C), of more than 256 pixels on a side only every second, third … row and column."""
    stride = ceil(max(images.shape[-3:-1]) / _LONGEST_SIDE)
    return images[..., ::stride, ::stride, :]


def png_bytes(array: NDArray[np.uint8]) -> bytes:
    """Return (H, W, 1) or (H, W, 3) as a PNG file."""
    stream = io.BytesIO()
    Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array).save(stream, format="PNG")
    return stream.getvalue()


def save_png(path: Path, array: NDArray[np.uint8], *, flush: bool = True) -> None:
    """Write (H, W, 1) or (H, W, 3) as a PNG file, by `replacing`, which has `flush`.

    Raises:
        RunError: the file cannot be written.
    """
    content = png_bytes(array)
    with replacing(path, flush=flush) as temporary:
        temporary.write_bytes(content)


def read_png(path: Path) -> NDArray[np.uint8]:
    """Read a PNG file of 8 bits per channel as (H, W, 1) if it is grey, else as (H, W, 3).

    Raises:
        DataError: there is no such file, it is no PNG or a damaged one, or it is too large.
    """
    if not path.is_file():
        raise DataError(f"there is no picture at {path}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=["PNG"]) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    raise ValueError(f"it has {picture.width}×{picture.height} pixels")
                if picture.mode.startswith(("I", "F")):
                    raise ValueError("it has 16 bits per channel")
                array = np.array(picture.convert("L" if picture.mode in {"L", "1"} else "RGB"))
    except _DAMAGE as error:
        raise DataError(
            f"{path} is not a readable PNG picture, expected one of 8 bits per channel and at "
            f"most {MAX_PIXELS} pixels: {error}"
        ) from error
    return array.reshape(*array.shape[:2], -1)
