"""A generator's evaluation as pictures in the run's `eval` folder."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convgan.evaluation import nearest_neighbours
from convgan.recipes.generator_quality import Numbers, Reference
from convgan.reporting import (
    image_grid,
    save_class_histogram,
    save_metric_over_epochs,
    save_nearest_neighbours,
    save_png,
)
from convgan.runs import Run

_SHOWN = 16  # samples beside their nearest training pictures
_NEAREST = 3
_GRID = 10  # samples along a side
_SCALE = 2


def draw_evaluation(
    run: Run,
    numbers: Numbers,
    *,
    generated: NDArray[np.uint8],
    features: NDArray[np.float32],
    real: Reference,
    training: NDArray[np.uint8],
) -> None:
    """Write the samples, the classes, the nearest training pictures, and the distance by epoch."""
    folder = run.folder / "eval"
    save_png(folder / "samples.png", image_grid(generated[: _GRID**2], _GRID, scale=_SCALE))
    classes = numbers["measured"]["classes"]
    save_class_histogram(
        folder / "classes.png",
        np.asarray(list(classes["real_shares"].values())),
        generated_shares=np.asarray(list(classes["generated_shares"].values())),
        class_names=real.class_names,
    )
    nearest, distances = nearest_neighbours(features[:_SHOWN], real.train, count=_NEAREST)
    save_nearest_neighbours(
        folder / "nearest.png",
        generated[:_SHOWN],
        training[nearest],
        captions=[[f"{distance:.2f}" for distance in row] for row in distances],
    )
    checkpoints: list[dict[str, Any]] = numbers.get("checkpoints", [])
    if not checkpoints:
        (folder / "frechet.png").unlink(missing_ok=True)  # it would be of another evaluation
    else:
        best = min(checkpoints, key=lambda point: point["distance"])
        save_metric_over_epochs(
            folder / "frechet.png",
            [(p["epoch"], p["distance"], p["standard_error"]) for p in checkpoints],
            name=f"Fréchet distance of {len(generated):,} samples from the test pictures, "
            f"{numbers['protocol']['evaluator']}",
            floor=real.floor.get("frechet", {}).get("distance"),
            best=best["epoch"],
        )
