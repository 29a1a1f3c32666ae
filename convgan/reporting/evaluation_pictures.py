"""What `eval` found, as pictures in the run's `eval` folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convgan.reporting.class_plots import save_class_histogram, save_confusion_matrix
from convgan.reporting.galleries import save_mistakes, save_nearest_neighbours
from convgan.reporting.images import class_grid, image_grid, save_png, thinned
from convgan.reporting.quality_plots import save_metric_over_epochs
from convgan.runs.evaluations import ClassifierEvaluation, GeneratorEvaluation

_GRID = 10  # samples along a side
_SCALE = 2


def draw_classifier_evaluation(
    folder: Path,
    evaluation: ClassifierEvaluation,
    *,
    mistakes: NDArray[np.uint8],
    labels: NDArray[np.integer],
    probabilities: NDArray[np.floating],
) -> None:
    """Write the confusion matrix, and mistakes (n, H, W, C) with their labels and probabilities."""
    folder, names = folder / "eval", list(evaluation.classes)
    matrix = np.asarray(evaluation.confusion_matrix)
    save_confusion_matrix(folder / "confusion_matrix.png", matrix, class_names=names)
    save_mistakes(
        folder / "mistakes.png",
        mistakes,
        true_names=[names[label] for label in labels],
        predicted_names=[names[index] for index in probabilities.argmax(axis=1)],
        confidences=probabilities.max(axis=1),
    )


def draw_generator_evaluation(
    folder: Path,
    evaluation: GeneratorEvaluation,
    *,
    images: NDArray[np.uint8],
    columns: Sequence[str] = (),
    labels: NDArray[np.int64] | None = None,
    nearest: NDArray[np.uint8],
    distances: NDArray[np.floating],
) -> None:
    """Write generated images (N, H, W, C), their classes, and the distance by checkpoint.

    A conditional generator's have a column for each of the first classes, by their labels (N,),
    and a matrix of the classes asked for and seen. Beside some images stand the training images
    (n, k, H, W, C) nearest to the first n, with their distances (n, k).
    """
    folder = folder / "eval"
    grid = image_grid(thinned(images[: _GRID**2]), _GRID, scale=_SCALE)
    if labels is not None:
        grid = class_grid(thinned(images), labels, columns[:_GRID], _GRID)
    save_png(folder / "samples.png", grid)
    for name in ("asked", "classes", "frechet"):  # they may be of another evaluation
        (folder / f"{name}.png").unlink(missing_ok=True)
    classes, asked = evaluation.classes, evaluation.metric("class_agreement")
    if classes and asked:
        save_confusion_matrix(
            folder / "asked.png",
            np.asarray(asked.details["confusion_matrix"]),
            class_names=list(classes.real),
            rows="asked",
        )
    if classes:
        save_class_histogram(
            folder / "classes.png",
            np.array(list(classes.real.values())),
            generated_fractions=np.array(list(classes.generated.values())),
            class_names=list(classes.real),
        )
    save_nearest_neighbours(
        folder / "nearest.png",
        images[: len(nearest)],
        nearest,
        captions=[[f"{distance:.2f}" for distance in row] for row in distances],
    )
    path, points = folder / "frechet.png", evaluation.checkpoints
    if points:
        protocol, last = evaluation.protocol, evaluation.metric(points[0].frechet.name)
        save_metric_over_epochs(  # no best one: the test set must not choose a checkpoint
            path,
            [(each.epoch, each.frechet.value, each.frechet.standard_error) for each in points],
            name=f"{points[0].frechet.title} of {protocol.generated:,} samples from the test "
            f"images, {protocol.evaluator}",
            reference=last.reference if last else None,
        )
