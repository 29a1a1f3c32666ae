"""A classifier run, measured on the test images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convgan.config import ClassifierRunConfig
from convgan.data import ImageSet
from convgan.evaluation.classification import evaluate_classification
from convgan.evaluation.prediction import load_network, predict_logits
from convgan.evaluation.provenance import provenance
from convgan.runs import Run
from convgan.runs.evaluations import ClassifierEvaluation


def evaluate_classifier(
    run: Run, config: ClassifierRunConfig, test: ImageSet, labels: NDArray[np.integer]
) -> tuple[ClassifierEvaluation, NDArray[np.float32]]:
    """Return accuracy, errors by class and calibration; and the logits (N, K) they came from.

    Raises:
        DataError: the run's network is missing or damaged.
    """
    network = load_network(run.folder / "model" / "classifier.safetensors")
    mirrored = config.train.evaluate_mirrored
    logits = predict_logits(network, test.images, mirrored=mirrored)
    results = run.manifest.get("results") or {}
    numbers = evaluate_classification(logits, labels, test.class_names)
    evaluation = ClassifierEvaluation(
        provenance=provenance(run, test),
        mirrored=mirrored,
        epoch=results.get("epoch"),
        step=results.get("step"),
        **dict(numbers),
    )
    return evaluation, logits
