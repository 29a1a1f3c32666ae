"""PNG frames, each with a label above it, to a GIF or MP4 film."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from convgan.errors import DataError, UsageError
from convgan.files import replacing
from convgan.reporting.images import MAX_PIXELS, enlarge, read_png

_SLOWEST, _FASTEST = 0.1, 50.0  # frames per second; browsers slow down faster GIFs
_LONGEST_HOLD = 600.0  # seconds; a GIF has 16 bits for hundredths of a second
LABEL_HEIGHT, _FONT_SIZE = 22, 16  # pixels
_MAX_FILM = 1_000_000_000  # bytes of all frames in memory


def write_animation(
    frames: Sequence[tuple[str, Path]],
    target: Path,
    *,
    fps: float = 4.0,
    hold: float = 2.0,
    scale: int = 1,
) -> None:
    """Write frames, each a label and a PNG file, as an endless GIF or as MP4, by the suffix.

    The label stands in a white strip above the grid. Grey grids stay exact in a GIF; colours are
    reduced to 256 per frame. A GIF rounds each frame's time to 0.01 s, and joins neighbours that
    are equal, label and all. The last frame is shown for `hold` seconds.

    Raises:
        UsageError: the suffix is another one, MP4 is asked for without imageio-ffmpeg, or a
            number is out of its range.
        DataError: there are no frames, one is missing or damaged, or their sizes differ.
        RunError: the file cannot be written.
    """
    check_film(target, fps=fps, hold=hold, scale=scale)
    write_film(_film(frames, scale), target, fps=fps, hold=hold)


def write_film(film: NDArray[np.uint8], target: Path, *, fps: float, hold: float = 0.0) -> None:
    """Write frames (T, H, W, C), as `write_animation` does, to a checked target."""
    write = _write_gif if target.suffix.lower() == ".gif" else _write_mp4
    write(film, target, fps=fps, hold=hold)


def check_length(count: int, shape: tuple[int, int, int]) -> None:
    """Raise UsageError for more frames of (H, W, C) than memory should hold."""
    if shape[0] * shape[1] > MAX_PIXELS or count * math.prod(shape) > _MAX_FILM:
        raise UsageError(
            f"{count:,} frames of {shape[1]}×{shape[0]} pixels are too many to hold in memory; ask "
            "for a smaller scale or fewer frames"
        )


def check_film(target: Path, *, fps: float, hold: float = 0.0, scale: int = 1) -> None:
    """Raise UsageError if `target` cannot become a film, or a number is out of its range."""
    suffix = target.suffix.lower()
    if suffix not in {".gif", ".mp4"}:
        raise UsageError(f"cannot write {target}: expected a name that ends in .gif or .mp4")
    if not _SLOWEST <= fps <= _FASTEST:
        raise UsageError(f"fps is {fps}, expected {_SLOWEST} to {_FASTEST} frames per second")
    if not 0 <= hold <= _LONGEST_HOLD:
        raise UsageError(f"hold is {hold}, expected 0 to {_LONGEST_HOLD} seconds")
    if scale < 1:
        raise UsageError(f"scale is {scale}, expected a whole number of at least 1")
    if suffix == ".mp4" and find_spec("imageio_ffmpeg") is None:
        raise UsageError(
            f'cannot write {target}: MP4 needs an extra package: pip install "convgan[mp4]". '
            "A name that ends in .gif works without it"
        )


def _film(frames: Sequence[tuple[str, Path]], scale: int) -> NDArray[np.uint8]:
    """Labelled, enlarged frames (T, H, W, C); C is 1 if all are grey, else 3."""
    if not frames:
        raise DataError("there are no frames to make a film of")
    grids = [read_png(path) for _, path in frames]
    height, width = grids[0].shape[:2]
    for grid, (_, path) in zip(grids, frames, strict=True):
        if grid.shape[:2] != (height, width):
            raise DataError(
                f"{path} has {grid.shape[1]}×{grid.shape[0]} pixels, but {frames[0][1]} "
                f"has {width}×{height}; the frames of a film are of one size"
            )
    channels = max(grid.shape[-1] for grid in grids)
    font = ImageFont.load_default(_FONT_SIZE)
    widest = 4 + math.ceil(max(font.getlength(label) for label, _ in frames))
    shape = (LABEL_HEIGHT + height * scale, max(width * scale, widest), channels)
    check_length(len(frames), shape)
    film = np.full((len(frames), *shape), 255, np.uint8)
    for still, grid, (label, _) in zip(film, grids, frames, strict=True):
        strip = Image.new("L", (shape[1], LABEL_HEIGHT), 255)
        ImageDraw.Draw(strip).text((2, LABEL_HEIGHT // 2), label, 0, font, anchor="lm")
        still[:LABEL_HEIGHT] = np.asarray(strip)[..., None]
        still[LABEL_HEIGHT:, : width * scale] = enlarge(grid, scale)
    return film


def _write_gif(film: NDArray[np.uint8], target: Path, *, fps: float, hold: float) -> None:
    each = 10 * round(100 / fps)  # milliseconds; GIF counts in hundredths of a second
    last = max(10 * round(100 * hold), each)
    durations = [each] * (len(film) - 1) + [last]
    with replacing(target) as temporary:
        iio.imwrite(
            temporary,
            list(film[..., 0] if film.shape[-1] == 1 else film),
            extension=".gif",
            plugin="pillow",
            duration=durations if len(film) > 1 else last,  # Pillow: no list for one frame
            loop=0,  # for ever
            optimize=False,  # one palette for all frames, or imageio cannot stack them again
        )


def _write_mp4(film: NDArray[np.uint8], target: Path, *, fps: float, hold: float) -> None:
    # H.264 stores colour at half the resolution, so both sides have to be even.
    odd_height, odd_width = film.shape[1] % 2, film.shape[2] % 2
    film = np.pad(film, ((0, 0), (0, odd_height), (0, odd_width), (0, 0)), constant_values=255)
    film = np.broadcast_to(film, (*film.shape[:3], 3))
    held = max(round(hold * fps), 1)
    with replacing(target) as temporary:
        iio.imwrite(
            temporary,
            [*film[:-1], *[film[-1]] * held],
            extension=".mp4",
            plugin="FFMPEG",
            fps=fps,
            codec="libx264",
            macro_block_size=2,
            ffmpeg_log_level="error",
        )
