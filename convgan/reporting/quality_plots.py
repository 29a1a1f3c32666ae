"""How good generated images are, over the epochs."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path

from convgan.reporting.figures import plain_text, png_figure

_TITLE_WIDTH = 780  # pixels


def save_metric_over_epochs(
    path: Path,
    points: Sequence[tuple[float, float, float | None]],
    *,
    name: str,
    reference: float | None = None,
) -> None:
    """Draw a metric of which lower is better over the epochs.

    The points are (epoch, value, standard error or None). The title is `name`, and the reference
    is what real images score.

    Raises:
        RunError: the file cannot be written.
    """
    epochs, values, errors = zip(*points, strict=True)
    bars = [math.nan if error is None else error for error in errors]
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 (0.4 s that only plots need)

    with png_figure(path, 8, 4) as figure:
        axes = figure.add_subplot()
        axes.errorbar(epochs, values, yerr=bars, fmt="o-", color="C0", ms=4, lw=1.2, capsize=3)
        if reference is not None:
            label = f"real images: {reference:.4g}"
            axes.axhline(reference, color="0.4", ls="--", lw=1.2, label=label)
            axes.legend(loc="best")
        title = axes.set_title("", loc="left")
        for letters in range(100, 40, -5):  # as many in a line as there is room for
            lines = textwrap.wrap(plain_text(name), letters, max_lines=3, placeholder=" …")
            title.set_text("\n".join(lines))
            if title.get_window_extent().width <= _TITLE_WIDTH:
                break
        axes.set_xlim(min(epochs) - 0.5, max(epochs) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set(xlabel="epoch", ylabel="lower is better")
        axes.grid(True)
