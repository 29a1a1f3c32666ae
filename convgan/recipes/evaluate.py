"""`convgan eval`: a finished run's networks and the test pictures to numbers and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from convgan.artifacts import save_class_histogram, save_confusion_matrix, save_mistakes
from convgan.config import GanConfig
from convgan.data import ImageSet, load_dataset
from convgan.errors import UsageError
from convgan.evaluation import (
    evaluate_class_coverage,
    evaluate_classification,
    load_network,
    predict_logits,
    surest_mistakes,
)
from convgan.hardware import versions
from convgan.models.pixels import to_uint8
from convgan.recipes.evaluator import find_evaluator
from convgan.recipes.report import report_run
from convgan.runs import Run, now, write_json
from convgan.training.streams import stream_seed

GENERATED = 10_000  # pictures, as many as the test sets hold
_BATCH = 500
_MISTAKES = 24  # in the picture


def evaluate(run: Run, *, out: Path, evaluator: str | None = None) -> dict[str, Any]:
    """Evaluate a run on the test pictures of its data set; write `eval/*.json` and pictures.

    Raises:
        UsageError: the pictures have no classes, or no classifier run fits a DCGAN run.
        DataError: the run's model is missing or damaged.
    """
    config = run.config()
    test = load_dataset(config.data).test
    if test.labels is None:
        raise UsageError(f"{test.origin} has no classes: eval needs one folder a class")
    if isinstance(config, GanConfig):
        judge = find_evaluator(config, test, out, evaluator)
        numbers = _evaluate_generator(run, config, test, test.labels, judge)
    else:
        numbers = _evaluate_classifier(run, test, test.labels)
    report_run(run)
    return numbers


def _evaluate_classifier(run: Run, test: ImageSet, labels: NDArray[np.int64]) -> dict[str, Any]:
    network = load_network(run.folder / "model" / "classifier.keras")
    names = test.class_names
    logits = predict_logits(network, test.images)
    numbers = evaluate_classification(logits, labels, names)
    numbers = {"what": "classifier on the test set", **_circumstances(run, test), **numbers}
    folder = run.folder / "eval"
    write_json(folder / "classifier.json", numbers)
    save_confusion_matrix(
        folder / "confusion_matrix.png",
        np.asarray(numbers["confusion_matrix"]),
        class_names=names,
    )
    wrong = surest_mistakes(logits, labels, _MISTAKES)
    chosen = tf.nn.softmax(logits[wrong]).numpy()
    save_mistakes(
        folder / "mistakes.png",
        test.images[wrong],
        true_names=[names[label] for label in labels[wrong]],
        predicted_names=[names[place] for place in chosen.argmax(axis=1)],
        confidences=chosen.max(axis=1),
    )
    return numbers


def _evaluate_generator(
    run: Run, config: GanConfig, test: ImageSet, labels: NDArray[np.int64], evaluator: Run
) -> dict[str, Any]:
    generator = load_network(run.folder / "model" / "generator.keras")
    network = load_network(evaluator.folder / "model" / "classifier.keras")
    parts = []
    for start in range(0, GENERATED, _BATCH):
        seed = stream_seed(config.seed, "evaluation", start)
        z = tf.random.stateless_normal([_BATCH, config.generator.latent_dim], seed)
        parts.append(to_uint8(generator(z, training=False)).numpy())
    generated = predict_logits(network, np.concatenate(parts)).argmax(axis=1)
    real = predict_logits(network, test.images).argmax(axis=1)
    numbers = {
        "what": "classes of generated pictures as the evaluator sees them",
        **_circumstances(run, test),
        "evaluator": str(evaluator.folder),
        "evaluator_accuracy": float((real == labels).mean()),
        **evaluate_class_coverage(generated, real, test.class_names),
    }
    folder = run.folder / "eval"
    write_json(folder / "classes.json", numbers)
    save_class_histogram(
        folder / "classes.png",
        np.asarray(list(numbers["real_shares"].values())),
        generated_shares=np.asarray(list(numbers["generated_shares"].values())),
        class_names=test.class_names,
    )
    return numbers


def _circumstances(run: Run, test: ImageSet) -> dict[str, Any]:
    """Return what a number must not stand without."""
    results = run.manifest.get("results") or {}
    return {
        "run": run.name,
        "epoch": results.get("epoch"),
        "step": results.get("step"),
        "data": {"name": test.name, "origin": test.origin, "sha256": test.fingerprint},
        "made": now(),
        "versions": versions(),
    }
