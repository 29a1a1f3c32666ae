"""Which classes a generator makes, as a classifier sees them."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

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
    yield MetricResult(
        name="class_total_variation",
        title="class fractions, total variation",
        value=total_variation(classes_of(evidence)),
        direction="lower",
    )


def classes_of(evidence: Evidence) -> ClassFractions:
    """Return the classes of the generated and of the test images."""
    return class_fractions(
        evidence.generated.logits.argmax(axis=1),
        evidence.test.logits.argmax(axis=1),
        evidence.class_names,
    )


def class_fractions(
    generated: NDArray[np.integer], real: NDArray[np.integer], class_names: tuple[str, ...]
) -> ClassFractions:
    """Compare the predicted classes of generated (N,) and real (M,) images."""
    made = _fractions(generated, class_names)
    expected = _fractions(real, class_names)

    def far(name: str) -> bool:
        """Whether three standard errors of the drawing of images are less than the difference."""
        error = sqrt(expected[name] * (1 - expected[name]) / len(generated))
        return abs(made[name] - expected[name]) > 3 * error

    return ClassFractions(
        generated=made,
        real=expected,
        missing=[name for name in class_names if expected[name] > 0 == made[name]],
        rare=[name for name in class_names if 0 < made[name] < RARE * expected[name]],
        often=[name for name in class_names if made[name] > OFTEN * expected[name] and far(name)],
        seldom=[
            name
            for name in class_names
            if RARE * expected[name] <= made[name] < expected[name] / OFTEN and far(name)
        ],
    )


def total_variation(classes: ClassFractions) -> float:
    """Half the sum of the absolute differences."""
    made, expected = (np.array(list(each.values())) for each in (classes.generated, classes.real))
    return float(np.abs(made - expected).sum() / 2)


def _fractions(predicted: NDArray[np.integer], names: tuple[str, ...]) -> dict[str, float]:
    counts = np.bincount(predicted, minlength=len(names)) / len(predicted)
    return dict(zip(names, counts.tolist(), strict=True))
