"""Images that came from anywhere, measured against real ones as a generator's are."""

from __future__ import annotations

import numpy as np

from convgan.data import Dataset, ImageSet
from convgan.evaluation.comparison import SEED, protocol, provenance
from convgan.evaluation.evaluator import Evaluator
from convgan.evaluation.generator import SAMPLES, EvalOptions
from convgan.evaluation.metrics.class_fractions import classes_of
from convgan.evaluation.reference import compute_reference, measure
from convgan.runs.evaluations import ImagesEvaluation


def evaluate_images(
    generated: ImageSet, real: ImageSet, evaluator: Evaluator, options: EvalOptions
) -> ImagesEvaluation:
    """Measure generated images against half of the real ones, drawn at random.

    The other half stands for training images, and gives the reference, from as many images as are
    measured: `samples`, or all that there are of either.

    Raises:
        UsageError: there are too few images.
    """
    rng = np.random.default_rng(SEED)
    drawn, order = (rng.permutation(len(each)) for each in (generated, real))
    half = len(real) // 2
    dataset = Dataset(real.take(order[:half]), real.take(order[half:]))
    count = min(options.samples or SAMPLES, len(generated), half)
    reference = compute_reference(evaluator, dataset, count=count, seed=SEED)
    evidence = reference.evidence(evaluator.predict(generated.images[drawn[:count]]))
    return ImagesEvaluation(
        provenance=provenance(generated.origin, real),
        evaluator_accuracy=reference.accuracy,
        protocol=protocol(evaluator, dataset, count, metrics=options.metrics),
        metrics=measure(evidence, reference.values, options=options.metrics),
        classes=classes_of(evidence),
    )
