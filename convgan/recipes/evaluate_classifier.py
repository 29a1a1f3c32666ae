"""`convgan eval` of a classifier run: accuracy, errors by class, calibration."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import softmax

from convgan.config import ClassifierRunConfig
from convgan.data import load_dataset
from convgan.errors import UsageError
from convgan.evaluation import (
    evaluate_classification,
    load_network,
    predict_logits,
    surest_mistakes,
)
from convgan.recipes.circumstances import circumstances
from convgan.reporting import save_confusion_matrix, save_mistakes
from convgan.runs import Run, write_json

_MISTAKES = 24  # in the picture


def evaluate_classifier(run: Run, config: ClassifierRunConfig) -> dict[str, Any]:
    """Measure a classifier run on the test set; write `eval/classifier.json` and pictures.

    Raises:
        UsageError: the pictures have no classes.
        DataError: the run's model is missing or damaged.
    """
    test = load_dataset(config.data).test
    if test.labels is None:
        raise UsageError(f"{test.origin} has no classes: eval needs one folder a class")
    network = load_network(run.folder / "model" / "classifier.safetensors")
    names = test.class_names
    mirrored = config.train.evaluate_mirrored
    logits = predict_logits(network, test.images, mirrored=mirrored)
    numbers = evaluate_classification(logits, test.labels, names)
    numbers = {
        "what": "classifier on the test set",
        "mirrored": mirrored,
        **circumstances(run, test),
        **_epoch(run),
        **numbers,
    }
    folder = run.folder / "eval"
    write_json(folder / "classifier.json", numbers)
    save_confusion_matrix(
        folder / "confusion_matrix.png",
        np.asarray(numbers["confusion_matrix"]),
        class_names=names,
    )
    wrong = surest_mistakes(logits, test.labels, _MISTAKES)
    chosen = softmax(logits[wrong], axis=1)
    save_mistakes(
        folder / "mistakes.png",
        test.images[wrong],
        true_names=[names[label] for label in test.labels[wrong]],
        predicted_names=[names[place] for place in chosen.argmax(axis=1)],
        confidences=chosen.max(axis=1),
    )
    return numbers


def _epoch(run: Run) -> dict[str, Any]:
    results = run.manifest.get("results") or {}
    return {key: results.get(key) for key in ("epoch", "step")}
