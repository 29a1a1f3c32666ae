"""Plots with one row, column or pair of bars per class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convgan.reporting.figures import plain_text, png_figure

_WIDEST = 14.0  # inches of the plot itself
_LONGEST_NAME = 24  # characters
_MOST_COUNTED = 40  # classes; of more, only the colours are drawn


def save_confusion_matrix(
    path: Path, matrix: NDArray[np.integer], *, class_names: Sequence[str], rows: str = "true"
) -> None:
    """Draw counts (K, K), true (or otherwise named) classes in rows, coloured by their fraction.

    Above 40 classes the cells hold no counts, only their colour.
    """
    classes = len(class_names)
    totals = matrix.sum(axis=1, keepdims=True)
    fractions = matrix / np.maximum(totals, 1)  # a class without images has a white row
    side = min(max(0.58 * classes, 2.5), _WIDEST)
    cell = 72 * side / classes  # points
    digits = len(str(matrix.max()))
    names = [plain_text(name, _LONGEST_NAME) for name in class_names]
    margin = 0.6 + 0.075 * max(map(len, names))
    with png_figure(path, side + margin + 1.0, side + margin) as figure:
        axes = figure.add_subplot()
        shown = axes.imshow(fractions, cmap="Blues", vmin=0, vmax=1)
        label_size = min(10.0, 0.8 * cell)
        axes.set_xticks(range(classes), names, rotation=90, fontsize=label_size)
        axes.set_yticks(range(classes), names, fontsize=label_size)
        axes.set(xlabel="predicted", ylabel=rows)
        if classes <= _MOST_COUNTED:
            size = min(9.0, 1.2 * cell / digits)
            for row, column in np.ndindex(classes, classes):
                colour = "white" if fractions[row, column] > 0.5 else "black"
                count = axes.text(column, row, str(matrix[row, column]), color=colour)
                count.set(ha="center", va="center", size=size)
        figure.colorbar(shown, ax=axes, label=f"fraction of the {rows} class", shrink=0.8)


def save_class_histogram(
    path: Path,
    real_fractions: NDArray[np.floating],
    *,
    generated_fractions: NDArray[np.floating],
    class_names: Sequence[str],
) -> None:
    """Draw the fraction (K,) of each class among real and among generated images."""
    classes = len(class_names)
    indices = np.arange(classes)
    names = [plain_text(name, _LONGEST_NAME) for name in class_names]
    width = min(max(0.7 * classes, 5.0), _WIDEST)
    label_size = min(10.0, 72 * width / classes * 0.7)
    with png_figure(path, width, 4) as figure:
        axes = figure.add_subplot()
        axes.bar(indices - 0.2, real_fractions, width=0.38, color="C0", label="real")
        axes.bar(indices + 0.2, generated_fractions, width=0.38, color="C1", label="generated")
        axes.set_xlim(-0.6, classes - 0.4)
        axes.set_xticks(indices, names, rotation=45, ha="right", size=label_size)
        axes.tick_params(axis="x", length=0)
        axes.set_ylabel("fraction of the images")
        axes.grid(True, axis="y")
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)
