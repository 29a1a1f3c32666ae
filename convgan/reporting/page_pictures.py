"""Pictures inside a page: PNG files as data: URIs, and not more than can be mailed."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from convgan.errors import DataError
from convgan.reporting.images import png_bytes, read_png
from convgan.runs import Run

_PAGE_BYTES, _LARGEST = 6_000_000, 1_000_000  # of a page, in base64; of one picture's file
_BASE64 = 4 / 3


@dataclass(frozen=True)
class Picture:
    """A picture's address and its size in pixels."""

    source: str
    width: int
    height: int
    label: str = ""


def inlined(path: Path, label: str = "") -> Picture | None:
    """Return a PNG file's picture, or None if it is missing or damaged.

    Of a file that is too large for a page every second, fourth … pixel is taken.
    """
    try:
        image, content = read_png(path), path.read_bytes()
    except (DataError, OSError):
        return None
    height, width = image.shape[:2]
    while len(content) > _LARGEST:
        image = image[::2, ::2]
        content = png_bytes(image)
    encoded = base64.b64encode(content).decode()
    return Picture(f"data:image/png;base64,{encoded}", width, height, label)


def film(run: Run, beside: int) -> tuple[list[Picture], int]:
    """Return the run's sample grids, oldest first, and one of how many these are: often 1.

    They are thinned, the last one kept, until they and `beside` bytes of the page are few enough.

    Raises:
        DataError: the manifest names a file outside the run's folder.
    """
    frames = [
        (f"epoch {sample['epoch']}", path)
        for sample in run.manifest.get("samples", [])
        if (path := run.file(sample["file"])).is_file()
    ]
    costs = [_BASE64 * min(path.stat().st_size, _LARGEST) for _, path in frames]
    room = _PAGE_BYTES - beside
    every = next(n for n in count(1) if n >= len(costs) or sum(costs[::-n]) <= room)
    found = [inlined(path, label) for label, path in reversed(frames[::-every])]
    return [picture for picture in found if picture], every
