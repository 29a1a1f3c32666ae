"""A run's folder to `report.html`: what was trained, the numbers and the pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from convgan.artifacts import Table, write_report
from convgan.runs import Run, read_json

_PICTURES = {
    "training.gif": "Samples from the same latent vectors after each epoch",
    "curves.png": "Training, and validation where pictures were held out",
    "eval/classes.png": "Classes of real and of generated pictures, as the evaluator sees them",
    "eval/confusion_matrix.png": "Confusion matrix on the test set",
    "eval/mistakes.png": "The most confident mistakes on the test set",
}


def report_run(run: Run) -> Path:
    """Write the page from what lies in the run's folder, and return its path."""
    manifest = run.manifest
    pictures = [
        (caption, name) for name, caption in _PICTURES.items() if (run.folder / name).is_file()
    ]
    samples = manifest.get("samples", [])
    if samples and run.file(samples[-1]["file"]).is_file():
        pictures.insert(0, (f"Samples after epoch {samples[-1]['epoch']}", samples[-1]["file"]))
    path = run.folder / "report.html"
    write_report(
        path,
        title=run.name,
        facts={name: _text(value) for name, value in _facts(manifest).items()},
        tables=evaluation_tables(run),
        pictures=pictures,
    )
    return path


def evaluation_tables(run: Run) -> list[Table]:
    """Return what `eval` found, as tables; empty before it ran."""
    tables = []
    path = run.folder / "eval" / "classifier.json"
    if path.is_file():
        tables += classifier_tables(read_json(path))
    path = run.folder / "eval" / "classes.json"
    if path.is_file():
        tables += coverage_tables(read_json(path))
    return tables


def classifier_tables(numbers: dict[str, Any]) -> list[Table]:
    """Return accuracy and calibration, and the numbers of each class, as tables."""
    low, high = numbers["accuracy_95"]
    return [
        Table(
            f"Test set, {numbers['count']:,} pictures, epoch {numbers['epoch']}",
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


def coverage_tables(numbers: dict[str, Any]) -> list[Table]:
    """Return the class histogram as a table, with its verdict as the title."""
    real = numbers["real_shares"]
    rows = [
        (name, _percent(share), _percent(real[name]), _mark(name, numbers))
        for name, share in numbers["generated_shares"].items()
    ]
    distance = f"{numbers['total_variation']:.3f}"
    judge = Path(numbers["evaluator"]).name
    right = _percent(numbers["evaluator_accuracy"])
    return [
        Table(
            f"Classes of {numbers['generated']:,} generated pictures, as {judge} sees them "
            f"(it is right on {right} of the real ones)",
            ("class", "generated", "real", ""),
            [*rows, ("total variation distance", distance, "0.000", "")],
        ),
        Table("In words", ("",), [(numbers["verdict"],)]),
    ]


def _mark(name: str, numbers: dict[str, Any]) -> str:
    if name in numbers["missing"]:
        return "missing"
    return "rare" if name in numbers["rare"] else ""


def _facts(manifest: dict[str, Any]) -> dict[str, Any]:
    data = manifest.get("data", {})
    facts = {
        "status": manifest.get("status"),
        "command": manifest.get("command"),
        "data": f"{data.get('name')}: {data.get('origin')}",
        "training pictures": data.get("train", {}).get("count"),
        "device": manifest.get("device"),
        "seed": manifest.get("seed"),
        "seconds of training steps": _rounded(manifest.get("training_seconds")),
        "started": manifest.get("started"),
        "finished": manifest.get("finished"),
        "commit": manifest.get("commit"),
    }
    for name, count in manifest.get("parameters", {}).items():
        facts[f"parameters, {name}"] = f"{count:,}"
    for name, value in (manifest.get("results") or {}).items():
        facts[f"kept epoch: {name}"] = f"{value:.4f}" if isinstance(value, float) else value
    for name, value in manifest.get("versions", {}).items():
        facts[f"version of {name}"] = value
    return facts


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def _text(value: Any) -> str:
    return "unknown" if value is None else str(value)


def _percent(share: float | None) -> str:
    return "undefined" if share is None else f"{100 * share:.2f} %"
