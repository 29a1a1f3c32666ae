"""Whether a conditional GAN's images are of the class that was asked for, and vary within it."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from convgan.evaluation.metric import METRICS, Evidence, MetricResult, Predictions, metric
from convgan.evaluation.metrics.frechet import fit_gaussian, frechet_distance
from convgan.runs.evaluations import Finding

IGNORED = 0.5  # times the fraction of real images that the evaluator takes for their class
COLLAPSED = 0.25  # times the variance of real images' features within the class


@METRICS.add("class_agreement")
@metric()
def class_agreement(evidence: Evidence) -> Iterator[MetricResult]:
    """Fraction of the images that the evaluator puts into the class that was asked for.

    Shmelkov et al., 2018 ("How good is my GAN?"), section 3, name it GAN-test.
    """
    if evidence.asked is None or evidence.generated.classes is None:
        return
    matrix = _counts(evidence.generated, evidence.asked)
    fraction = float(np.trace(matrix) / matrix.sum())
    yield MetricResult(
        name="class_agreement",
        title="in the class asked for",
        meaning="Fraction of the images that the evaluator takes for the class asked for; of real "
        "images, how many it is right on.",
        value=fraction,
        direction="higher",
        standard_error=sqrt(fraction * (1 - fraction) / matrix.sum()),
        details={
            "confusion_matrix": matrix.tolist(),
            "classes": dict(zip(evidence.class_names, _agreement(matrix).tolist(), strict=True)),
        },
    )


@METRICS.add("frechet_within_classes")
@metric()
def frechet_within_classes(evidence: Evidence) -> Iterator[MetricResult]:
    """Mean Fréchet distance between generated and test images of one class.

    The intra-FID of Miyato and Koyama, 2018, section 4. Of fewer images per class than features
    there is none.
    """
    pairs = list(_by_class(evidence))
    if not pairs or min(map(len, sum(pairs, ()))) <= evidence.test.features.shape[1]:
        return
    distances = [frechet_distance(fit_gaussian(a), fit_gaussian(b)) for a, b in pairs]
    yield MetricResult(
        name="frechet_within_classes",
        title="Fréchet distance within a class, mean",
        meaning="The Fréchet distance of each class for itself, averaged; of fewer images each, "
        "so larger than that of all.",
        value=float(np.mean(distances)),
        direction="lower",
        details={"classes": dict(zip(evidence.class_names, distances, strict=True))},
    )


def class_faults(evidence: Evidence) -> list[Finding]:
    """Name the classes that the generator ignores, or of which it makes nearly one image only."""
    known = evidence.generated.classes is not None
    if evidence.asked is None or evidence.test_labels is None or not known:
        return []
    made = _agreement(_counts(evidence.generated, evidence.asked))
    real = _agreement(_counts(evidence.test, evidence.test_labels))
    spreads = [_spread(a) < COLLAPSED * _spread(b) for a, b in _by_class(evidence)]
    names = np.array(evidence.class_names)
    faults = {
        "class_ignored": (
            made < IGNORED * real,
            "The class asked for is ignored: images asked to be {} are taken for it less than "
            "half as often as real ones. Try more epochs, or a larger discriminator.",
        ),
        "class_collapsed": (
            np.array(spreads),
            "Mode collapse within a class: the images of {} differ far less from one another than "
            "real ones. Try more epochs, or generator.modulation latent.",
        ),
    }
    return [
        Finding(name=name, text=text.format(", ".join(names[found])))
        for name, (found, text) in faults.items()
        if found.any()
    ]


def _counts(images: Predictions, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count images (K, K) by their class, in rows, and the one that the evaluator sees."""
    seen, classes = images.logits.argmax(axis=1), images.logits.shape[1]
    return np.asarray(confusion_matrix(labels, seen, labels=range(classes)))


def _agreement(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """Fraction of each class that is seen as it, (K,); 1 where there is none."""
    asked = matrix.sum(axis=1)
    return np.where(asked == 0, 1.0, np.diag(matrix) / np.maximum(asked, 1))


def _by_class(evidence: Evidence) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Yield the features of generated and of test images of each class."""
    made, real = evidence.generated.features, evidence.test.features
    if evidence.asked is not None and evidence.test_labels is not None:
        for label in range(len(evidence.class_names)):
            yield made[evidence.asked == label], real[evidence.test_labels == label]


def _spread(features: NDArray[np.float32]) -> float:
    """The features' variance, summed; infinite for fewer than two images, which tell nothing."""
    return float(features.var(axis=0).sum()) if len(features) > 1 else np.inf
