"""Which classes a generator makes, as a classifier sees them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from convgan.evaluation.metric import METRICS, Evidence, MetricResult, metric
from convgan.runs.evaluations import ClassFractions

RARE = 0.1  # a class below this fraction of its real one counts as nearly missing
OFTEN = 2.0  # times its real fraction: twice as often, or half as often


@METRICS.add("class_fractions")
@metric()
def class_fractions_metric(evidence: Evidence) -> Iterator[MetricResult]:
    """Total variation distance of the classes' fractions: 0 alike, 1 disjoint."""
    if classes := classes_of(evidence):
        yield MetricResult(
            name="class_total_variation",
            title="class fractions, total variation",
            meaning="How far the fractions of the classes are off: 0 is right, 1 is all wrong.",
            value=total_variation(classes),
            direction="lower",
        )


def classes_of(evidence: Evidence) -> ClassFractions | None:
    """Return the classes of the generated and of the test images, if the evaluator knows any."""
    made, real = evidence.generated.classes, evidence.test.classes
    if made is None or real is None:
        return None
    return class_fractions(made, real, evidence.class_names)


def class_fractions(
    generated: NDArray[np.integer], real: NDArray[np.integer], class_names: tuple[str, ...]
) -> ClassFractions:
    """Compare the predicted classes of generated (N,) and real (M,) images."""
    made, expected = (
        np.bincount(each, minlength=len(class_names)) / len(each) for each in (generated, real)
    )
    # three standard errors of the drawing of images are less than the difference
    far = np.abs(made - expected) > 3 * np.sqrt(expected * (1 - expected) / len(generated))
    faults = {
        "missing": (expected > 0) & (made == 0),
        "rare": (made > 0) & (made < RARE * expected),
        "often": (made > OFTEN * expected) & far,
        "seldom": (made >= RARE * expected) & (made < expected / OFTEN) & far,
    }
    return ClassFractions(
        generated=dict(zip(class_names, made.tolist(), strict=True)),
        real=dict(zip(class_names, expected.tolist(), strict=True)),
        **{
            fault: [class_names[k] for k in np.flatnonzero(found)]
            for fault, found in faults.items()
        },
    )


def total_variation(classes: ClassFractions) -> float:
    """Half the sum of the absolute differences."""
    made, expected = (np.array(list(each.values())) for each in (classes.generated, classes.real))
    return float(np.abs(made - expected).sum() / 2)
