"""`convgan eval` of a classifier run: its network and the test images to numbers and pictures."""

from __future__ import annotations

from dataclasses import asdict

from scipy.special import softmax

from convgan.config import ClassifierRunConfig
from convgan.data import load_dataset
from convgan.errors import UsageError
from convgan.evaluation.classification import (
    evaluate_classification,
    expected_calibration_error,
    kept_temperature,
    surest_mistakes,
)
from convgan.evaluation.comparison import provenance
from convgan.evaluation.generator import EvalOptions
from convgan.evaluation.prediction import predict_logits
from convgan.models.network_file import read_network
from convgan.reporting.evaluation_pictures import draw_classifier_evaluation
from convgan.reporting.run_report import report_run
from convgan.runs import Run
from convgan.runs.evaluations import ClassifierEvaluation, write_evaluation

_MISTAKES = 24  # in the picture


def evaluate_classifier_run(run: Run, options: EvalOptions) -> ClassifierEvaluation:
    """Measure a classifier on the test images; write `eval/classifier.json`, pictures, report.

    Raises:
        UsageError: an option is given that only a generator has, or the images have no classes.
        DataError: the run's network is missing or damaged.
    """
    config = run.config_of(ClassifierRunConfig)
    given = [name for name, value in asdict(options).items() if name != "out" and value is not None]
    if given:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise UsageError(
            f"{names}: only for generators, and {run.name} is a classifier. "
            f"Leave it out: convgan eval {run.folder}"
        )
    test = load_dataset(config.data).test
    if test.labels is None:
        raise UsageError(f"{test.origin} has no classes: eval needs one folder per class")
    network = read_network(run.folder / "model" / "classifier.safetensors").network
    logits = predict_logits(network, test.images, config.train.evaluate_views)
    results = run.manifest.get("results") or {}
    temperature = kept_temperature(run)
    scaled = logits / (temperature or 1.0)
    calibrated = softmax(scaled, axis=1)
    evaluation = ClassifierEvaluation(
        provenance=provenance(run.name, test),
        views=config.train.evaluate_views,
        temperature=temperature,
        calibrated_error=expected_calibration_error(calibrated, test.labels)
        if temperature
        else None,
        epoch=results.get("epoch"),
        step=results.get("step"),
        **dict(evaluate_classification(logits, test.labels, test.class_names)),
    )
    write_evaluation(run.folder, evaluation)
    wrong = surest_mistakes(scaled, test.labels, _MISTAKES)
    draw_classifier_evaluation(
        run.folder,
        evaluation,
        mistakes=test.images[wrong],
        labels=test.labels[wrong],
        probabilities=calibrated[wrong],
    )
    report_run(run)
    return evaluation
