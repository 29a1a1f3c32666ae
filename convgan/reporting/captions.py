"""Short texts as strips of pixels, to be put beside pictures and never over them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MARGIN = 1  # pixels between the edge and the text
_LONGEST = 200  # characters looked at; no strip shows more


def plain_text(text: str) -> str:
    """Return one line that can be drawn: white space collapsed, unprintable signs as "?"."""
    line = " ".join(text.split())
    return "".join(sign if sign.isprintable() else "?" for sign in line)


def line_height(font_size: int) -> int:
    """Height of a line of text in pixels, for a font size in pixels."""
    return round(font_size * 1.35)


def text_width(text: str, font_size: int) -> int:
    """Width of the strip that shows the longest line of `text` whole, in pixels."""
    font = _font(font_size)
    lines = [plain_text(line) for line in text.split("\n")]
    return max(int(np.ceil(font.getlength(line))) for line in lines) + 2 * _MARGIN


def caption_strip(text: str, width: int, *, font_size: int, lines: int = 1) -> NDArray[np.uint8]:
    """Draw `text`, black on white, flush left; lines that are too long end in "…".

    Args:
        text: lines separated by newlines; those after the first `lines` are left out.
        width: width of the strip in pixels.
        font_size: in pixels.
        lines: number of lines that the strip has room for.

    Returns:
        Grey levels (lines · line_height(font_size), width), 255 where there is no text.
    """
    height = line_height(font_size)
    strip = Image.new("L", (width, lines * height), 255)
    draw = ImageDraw.Draw(strip)
    font = _font(font_size)
    for row, line in enumerate(text.split("\n")[:lines]):
        middle = row * height + height // 2
        cut = _cut(plain_text(line), font, width - 2 * _MARGIN)
        draw.text((_MARGIN, middle), cut, fill=0, font=font, anchor="lm")
    return np.asarray(strip)


def _cut(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    if font.getlength(text[:_LONGEST]) <= width and len(text) <= _LONGEST:
        return text
    for length in range(min(len(text), _LONGEST), 0, -1):
        cut = text[:length].rstrip() + "…"
        if font.getlength(cut) <= width:
            return cut
    return ""


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    # Pillow's own font has no "→"; DejaVu Sans comes with every matplotlib.
    import matplotlib as mpl  # noqa: PLC0415 (0.1 s that only captions need)

    path = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    # Basic layout gives the same pixels with and without libraqm.
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
