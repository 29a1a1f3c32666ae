"""What `eval` found, as tables for the terminal and the report."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

from convgan.reporting.report import Table
from convgan.runs.evaluations import (
    ClassFractions,
    ClassifierEvaluation,
    Evaluation,
    GeneratorEvaluation,
    ImagesEvaluation,
    MetricResult,
)

_MEANINGS = (
    "Fraction of the test images that are named right; higher is better.",
    "Where the accuracy on many more such images would lie; narrower with more test images.",
    "How much probability the true classes lack; lower is better, and sure mistakes cost most.",
    "How far the network's confidence is from how often it is right; lower is better.",
    "The same, after one number that held-out images gave has scaled the confidence.",
)
"""Of a classifier's numbers, in the order of their table."""


def evaluation_tables(found: Evaluation) -> list[Table]:
    """Return what `eval` found of one run, as tables."""
    if isinstance(found, ClassifierEvaluation):
        return _classifier_tables(found)
    return _generator_tables(found)


def _classifier_tables(found: ClassifierEvaluation) -> list[Table]:
    """Return accuracy and calibration, and the numbers of each class, as tables."""
    low, high = found.accuracy_95
    views = f" and {', '.join(found.views)} ones" if found.views else ""
    numbers = {
        "accuracy": _percent(found.accuracy),
        "95 % interval": f"{_percent(low)} to {_percent(high)}",
        "cross-entropy (nats)": f"{found.loss:.4f}",
        "calibration error": _percent(found.expected_calibration_error),
        "… calibrated": "no images were held out"
        if found.calibrated_error is None
        else f"{_percent(found.calibrated_error)}, temperature {found.temperature:.2f}",
    }
    rows = [
        (name, *map(_percent, (row.precision, row.recall, row.f1)), f"{row.count:,}")
        for name, row in found.classes.items()
    ]
    title = f"Test set, {found.count:,} images{views}, epoch {found.epoch}"
    return [
        Table(title, ("number", "value"), list(numbers.items()), meanings=_MEANINGS),
        Table("By class", ("class", "precision", "recall", "F1", "images"), rows),
    ]


def _generator_tables(found: GeneratorEvaluation) -> list[Table]:
    """Return a generator's numbers beside real images', its classes, and what D has learned."""
    checkpoint, learned = found.checkpoint, discriminator_table(found)
    of = f"the {checkpoint.which} generator (epoch {checkpoint.epoch})"
    others = [(each.text,) for each in found.findings if each.name != "classes_missing"]
    return [
        *images_tables(found, of, "test images"),
        *([learned] if learned else []),
        Table("In words", ("",), [(found.verdict,), *others]),
    ]


def images_tables(found: ImagesEvaluation, of: str, real: str) -> list[Table]:
    """Return the numbers of images beside those of real ones, and their classes, if any."""
    protocol, accuracy = found.protocol, found.evaluator_accuracy
    title = (
        f"{protocol.generated:,} images of {of} against {protocol.test:,} {real}; "
        f"{protocol.evaluator}, {protocol.feature_dimension} features"
    )
    header = ("number", "value", "±", "real images", "better")
    rows = []
    for each in found.metrics:
        values = each.value, each.standard_error, each.reference
        rows.append((each.title, *map(_number, values), each.direction))
    numbers = Table(title, header, rows, meanings=[each.meaning for each in found.metrics])
    return [numbers, *([_class_table(found.classes, accuracy)] if found.classes else [])]


def comparison_table(evaluations: Sequence[GeneratorEvaluation]) -> Table:
    """Return generators side by side, with a star where one is better than all others."""
    rows = []
    for metric in evaluations[0].metrics:
        found = [result for each in evaluations if (result := each.metric(metric.name))]
        if len(found) == len(evaluations):
            ends = _number(metric.reference), metric.direction
            rows.append((metric.title, *(_starred(each, found) for each in found), *ends))
    names = [f"{each.provenance.run} ({each.checkpoint.which})  " for each in evaluations]
    return Table(
        "Side by side",
        ("number", *names, "real images", "better"),
        rows,
        note="*: better than each other one; where errors (±) are known, by more than twice that "
        "of the difference. It says nothing of other training seeds.",
    )


def _starred(result: MetricResult, all_results: Sequence[MetricResult]) -> str:
    others = [each for each in all_results if each is not result]
    error = "" if result.standard_error is None else f" ± {_number(result.standard_error)}"
    star = " *" if all(_beats(result, each) for each in others) else "  "
    return _number(result.value) + error + star


def _beats(one: MetricResult, other: MetricResult) -> bool:
    """Whether a result is better by more than twice the error, and by what the table shows."""
    error = hypot(one.standard_error or 0, other.standard_error or 0)
    shown = _number(one.value) != _number(other.value)
    return shown and _from_ideal(other) - _from_ideal(one) > 2 * error


def _from_ideal(result: MetricResult) -> float:
    """Return a number that is lower where the result is better; 0 where that is not known."""
    if result.direction == "as real":
        return 0.0 if result.reference is None else abs(result.value - result.reference)
    return result.value if result.direction == "lower" else -result.value


def _class_table(classes: ClassFractions, accuracy: float | None) -> Table:
    marks = dict.fromkeys(classes.missing, "missing") | dict.fromkeys(classes.rare, "rare")
    marks |= dict.fromkeys(classes.often, "too often")
    marks |= dict.fromkeys(classes.seldom, "too seldom")
    rows = [
        (name, _percent(made), _percent(classes.real.get(name)), marks.get(name, ""))
        for name, made in classes.generated.items()
    ]
    right = f" (it is right on {_percent(accuracy)} of the real images)"
    title = f"Classes, as the evaluator sees them{'' if accuracy is None else right}"
    return Table(title, ("class", "generated", "real", ""), rows)


def discriminator_table(evaluation: Evaluation | None) -> Table | None:
    """Return what a discriminator's features are worth, where there were classes to tell apart."""
    if not isinstance(evaluation, GeneratorEvaluation) or evaluation.discriminator is None:
        return None
    found = evaluation.discriminator
    trained = found.trained
    draws = f", {trained.draws} draws" if trained.draws > 1 else ""
    features = {
        "the discriminator's features": trained,
        "the same, untrained": found.untrained,
        "raw pixels": found.pixels,
    }
    rows = [
        (text, f"{svm.dimension:,}", _percent(svm.accuracy), _percent(svm.deviation, ""))
        for text, svm in features.items()
    ]
    title = f"What the discriminator has learned: a linear SVM, {trained.labels:,} labels{draws}"
    return Table(title, ("features", "number", "test accuracy", "±"), rows)


def _number(value: float | None) -> str:
    """Return three significant digits, or nothing where there is no value."""
    return "" if value is None else f"{value:#.3g}".removesuffix(".")


def _percent(fraction: float | None, otherwise: str = "undefined") -> str:
    return otherwise if fraction is None else f"{100 * fraction:.2f} %"
