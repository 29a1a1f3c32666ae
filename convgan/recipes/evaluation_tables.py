"""What `eval` found, as tables for the terminal and the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from convgan.errors import DataError
from convgan.reporting import Table
from convgan.runs import Run, read_json


@dataclass(frozen=True)
class Metric:
    """One number of a generator's evaluation: where it stands, and how to show it."""

    title: str
    group: str
    key: str
    better: Literal["lower", "higher", "as real"]
    error: str | None = None
    """Key of its standard error."""


METRICS = (
    Metric("Fréchet distance", "frechet", "distance", "lower", "standard_error"),
    Metric("  for infinite samples", "extrapolated", "distance_at_infinity", "lower"),
    Metric("kernel distance (KID)", "kernel", "distance", "lower", "standard_error"),
    Metric("precision", "neighbours", "precision", "higher"),
    Metric("recall", "neighbours", "recall", "higher"),
    Metric("density", "neighbours", "density", "higher"),
    Metric("coverage", "neighbours", "coverage", "higher"),
    Metric("class shares, total variation", "classes", "total_variation", "lower"),
    Metric("classifier score", "classifier", "score", "higher"),
    Metric("mean confidence", "classifier", "mean_confidence", "higher"),
    Metric("memorised share", "memorisation", "memorised_share", "as real"),
)


def evaluation_tables(run: Run) -> list[Table]:
    """Return what `eval` found, as tables; empty before it ran.

    Raises:
        DataError: a file in `eval/` is not what `eval` writes.
    """
    tables = []
    for name, make in (("classifier", classifier_tables), ("generator", generator_tables)):
        path = run.folder / "eval" / f"{name}.json"
        if path.is_file():
            try:
                tables += make(read_json(path))
            except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
                if isinstance(error, DataError):
                    raise
                raise DataError(
                    f"{path} is not what eval writes ({type(error).__name__}: {error}); "
                    f"make it anew with: convgan eval {run.folder}"
                ) from error
    return tables


def classifier_tables(numbers: dict[str, Any]) -> list[Table]:
    """Return accuracy and calibration, and the numbers of each class, as tables."""
    low, high = numbers["accuracy_95"]
    mirrored = " and mirror images" if numbers.get("mirrored") else ""
    return [
        Table(
            f"Test set, {numbers['count']:,} pictures{mirrored}, epoch {numbers['epoch']}",
            ("number", "value"),
            [
                ("accuracy", _percent(numbers["accuracy"])),
                ("95 % interval", f"{_percent(low)} to {_percent(high)}"),
                ("cross-entropy (nats)", f"{numbers['loss']:.4f}"),
                ("calibration error", _percent(numbers["expected_calibration_error"])),
            ],
        ),
        Table(
            "By class",
            ("class", "precision", "recall", "F1", "pictures"),
            [
                (
                    name,
                    *(_percent(row[key]) for key in ("precision", "recall", "f1")),
                    f"{row['count']:,}",
                )
                for name, row in numbers["classes"].items()
            ],
        ),
    ]


def generator_tables(numbers: dict[str, Any]) -> list[Table]:
    """Return a generator's numbers beside their floors, its classes, and what D has learned."""
    protocol, taken = numbers["protocol"], numbers["checkpoint"]
    title = (
        f"{protocol['generated']:,} pictures of the {taken['which']} generator (epoch "
        f"{taken['epoch']}) against {protocol['test']:,} test pictures; {protocol['evaluator']}, "
        f"{protocol['feature_dimension']} features"
    )
    rows = [
        (
            metric.title,
            _number(_value(numbers["measured"], metric)),
            _error(numbers["measured"], metric),
            _floor(numbers, metric),
            metric.better,
        )
        for metric in METRICS
        if metric.group in numbers["measured"]
    ]
    return [
        Table(title, ("number", "value", "±", "real pictures", "better"), rows),
        _class_table(numbers["measured"]["classes"], numbers["evaluator_accuracy"]),
        _discriminator_table(numbers["discriminator"]),
        Table("In words", ("",), [(text,) for text in _sentences(numbers)]),
    ]


def comparison_table(evaluations: list[dict[str, Any]]) -> Table:
    """Return generators side by side, the best value of each row marked with a star."""
    rows = []
    for metric in METRICS:
        if metric.group not in evaluations[0]["measured"]:
            continue
        values = [_value(numbers["measured"], metric) for numbers in evaluations]
        goal = {"lower": min(values), "higher": max(values)}.get(metric.better)
        cells = [("* " if value == goal else "") + _number(value) for value in values]
        rows.append((metric.title, *cells, _floor(evaluations[0], metric)))
    names = [f"{numbers['run']} ({numbers['checkpoint']['which']})" for numbers in evaluations]
    return Table("Side by side; * is the best", ("number", *names, "real pictures"), rows)


def _value(measured: dict[str, Any], metric: Metric) -> float:
    return float(measured[metric.group][metric.key])


def _error(measured: dict[str, Any], metric: Metric) -> str:
    return _number(measured[metric.group][metric.error]) if metric.error else ""


def _floor(numbers: dict[str, Any], metric: Metric) -> str:
    if metric.group == "memorisation":  # of unseen real pictures, not of training pictures
        return _number(numbers["measured"]["memorisation"]["floor_share"])
    return _number(_value(numbers["floor"], metric)) if metric.group in numbers["floor"] else ""


def _class_table(classes: dict[str, Any], right: float) -> Table:
    real = classes["real_shares"]
    return Table(
        f"Classes, as the evaluator sees them (it is right on {_percent(right)} of the real ones)",
        ("class", "generated", "real", ""),
        [
            (name, _percent(share), _percent(real[name]), _mark(name, classes))
            for name, share in classes["generated_shares"].items()
        ],
    )


def _discriminator_table(numbers: dict[str, Any]) -> Table:
    names = {
        "trained": "the discriminator's features",
        "untrained": "the same, untrained",
        "pixels": "raw pixels",
    }
    one = numbers["trained"]
    labels = one.get("labels") or one["train_count"]
    drawn = f", {one['draws']} draws" if "draws" in one else ""
    return Table(
        f"What the discriminator has learned: a linear SVM, {labels:,} labels{drawn}",
        ("features", "number", "test accuracy", "±"),
        [
            (
                text,
                f"{numbers[name]['dimension']:,}",
                _percent(numbers[name]["accuracy"]),
                _percent(numbers[name]["deviation"]) if "deviation" in numbers[name] else "",
            )
            for name, text in names.items()
        ],
    )


def _sentences(numbers: dict[str, Any]) -> list[str]:
    verdict = numbers["measured"]["classes"]["verdict"]
    others = [found["text"] for found in numbers["findings"] if found["name"] != "classes_missing"]
    return [verdict, *others]


def _mark(name: str, classes: dict[str, Any]) -> str:
    if name in classes["missing"]:
        return "missing"
    return "rare" if name in classes["rare"] else ""


def _number(value: float) -> str:
    """Return three significant digits."""
    return f"{value:#.3g}".removesuffix(".")


def _percent(share: float | None) -> str:
    return "undefined" if share is None else f"{100 * share:.2f} %"
