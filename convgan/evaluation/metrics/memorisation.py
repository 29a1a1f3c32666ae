"""Whether a generator copies its training images.

Counts the generated images that are not authentic in the sense of Alaa et al., 2022 (How
Faithful is your Synthetic Data?), and compares them with unseen real images, as Meehan et al.,
2020 (A Non-Parametric Test to Detect Data-Copying in Generative Models) do with distances.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from convgan.evaluation.metric import METRICS, Evidence, MetricResult, metric
from convgan.evaluation.nearest import nearest_neighbours

SUSPECTS = 2_000  # images that are looked up: a fraction's error is then 1 %
# Part of its length by which the features of an image may differ from those of its copy: float32
# networks do not round alike in batches of different sizes.
_SAME = 1e-5


@METRICS.add("memorisation")
@metric(protocol={"suspects": SUSPECTS}, reference=False)  # its reference is of test images
def memorisation_metric(evidence: Evidence) -> Iterator[MetricResult]:
    """Look up the first images among all training images."""
    few = slice(SUSPECTS)
    yield evaluate_memorisation(
        evidence.generated.features[few], evidence.train.features, evidence.test.features[few]
    )


def evaluate_memorisation(
    generated: NDArray[np.floating], training: NDArray[np.floating], test: NDArray[np.floating]
) -> MetricResult:
    """Count the generated images (N, d) that lie suspiciously near to a training image (T, d).

    An image counts as memorised when it is nearer to a training image, its nearest, than that
    one is to its own nearest training neighbour. Where the training image has a duplicate, that
    distance is 0 and only a copy counts; a copy counts always.

    The fraction alone says little, as unseen real images (M, d), its reference, are often that
    near too: two thirds of them where all lie on a line, a tenth of 10,000 beside 60,000 of a
    normal law in 128 dimensions. A fraction well above it speaks of copies, or of images more
    average than real ones; one below it, of images farther from the training images than those.

    The details hold both sides' median Euclidean distance to the nearest training image.

    Raises:
        UsageError: too few images.
    """
    value, median_distance = _memorised(generated, training)
    reference, reference_median_distance = _memorised(test, training)
    return MetricResult(
        name="memorised_fraction",
        title="memorised fraction",
        meaning="Fraction of the images that are nearer to a training image than that one is to "
        "its own nearest neighbour; far more than of unseen real images speaks of copies.",
        value=value,
        reference=reference,
        direction="as real",
        details={
            "median_distance": median_distance,
            "reference_median_distance": reference_median_distance,
            "generated": len(generated),
            "training": len(training),
            "test": len(test),
        },
    )


def _memorised(
    queries: NDArray[np.floating], training: NDArray[np.floating]
) -> tuple[float, float]:
    """Return the fraction of the queries that count as memorised, and their median distance."""
    indices, distances = nearest_neighbours(queries, training)
    nearest, distances = indices[:, 0], distances[:, 0]
    found, rows = np.unique(nearest, return_inverse=True)
    # The nearest of the two is the image itself, or a duplicate: then the other is at 0 as well.
    own = nearest_neighbours(training[found], training, count=2)[1][rows, 1]
    copied = distances <= _SAME * np.linalg.norm(training[nearest], axis=1)
    return float(np.mean(copied | (distances < own))), float(np.median(distances))
