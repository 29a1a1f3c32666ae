"""The plain style of all plots, and their PNG files."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from convgan.files import replacing

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

DPI = 110
_STYLE: dict[Any, Any] = {
    "agg.path.chunksize": 20_000,  # longer noisy lines make Agg fail
    "axes.axisbelow": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "figure.dpi": DPI,
    "font.size": 10,
    "grid.color": "#e4e4e4",
    "legend.frameon": False,
    "savefig.dpi": DPI,
    "text.parse_math": False,  # a class may be named "a$b$"
}
_LARGEST = 1e30  # more than float32 makes matplotlib overflow


@contextmanager
def png_figure(path: Path, width: float, height: float) -> Iterator[Figure]:
    """Yield an empty figure of width × height inches; what was drawn on it becomes the PNG file.

    The user's own matplotlib settings have no influence, nor has this on them.

    Raises:
        RunError: the file cannot be written.
    """
    import matplotlib as mpl  # noqa: PLC0415 (0.4 s that only plots need)
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context(), warnings.catch_warnings():
        # A class name in a script that DejaVu Sans lacks shows as boxes; that is no defect.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        with replacing(path) as temporary:
            figure.savefig(temporary, format="png", metadata={"Software": None})
        figure.clear()  # else its parts, which refer to one another, stay for a long time


def plain_numbers(axis: Axis) -> None:
    """Put plain numbers at a logarithmic axis; matplotlib's own are formulas, not set here."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: PLC0415

    low, high = axis.get_view_interval()
    narrow = high < 100 * low  # less than two decades: few powers of ten
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def drawable(value: float | None) -> TypeGuard[float]:
    """Return whether a value is finite and not so large that matplotlib fails on it."""
    return value is not None and abs(value) <= _LARGEST


def plain_text(text: str, length: int | None = None) -> str:
    """Return one line that can be drawn: white space collapsed, unprintable signs as "?".

    One of more than `length` characters is cut, and ends in "…".
    """
    line = "".join(sign if sign.isprintable() else "?" for sign in " ".join(text.split()))
    return line if length is None or len(line) <= length else line[: length - 1] + "…"
