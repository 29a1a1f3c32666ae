"""Arrays and numbers to files that people look at: grids, films, plots and a report."""

from convgan.reporting.animation import write_animation
from convgan.reporting.class_plots import save_class_histogram, save_confusion_matrix
from convgan.reporting.curves import save_curves
from convgan.reporting.galleries import (
    save_labelled_pictures,
    save_mistakes,
    save_nearest_neighbours,
)
from convgan.reporting.images import (
    class_grid,
    image_grid,
    name_columns,
    png_bytes,
    read_png,
    save_png,
)
from convgan.reporting.quality_plots import save_metric_over_epochs
from convgan.reporting.report import Table, write_page

__all__ = [
    "Table",
    "class_grid",
    "image_grid",
    "name_columns",
    "png_bytes",
    "read_png",
    "save_class_histogram",
    "save_confusion_matrix",
    "save_curves",
    "save_labelled_pictures",
    "save_metric_over_epochs",
    "save_mistakes",
    "save_nearest_neighbours",
    "save_png",
    "write_animation",
    "write_page",
]
