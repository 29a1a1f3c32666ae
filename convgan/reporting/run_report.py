"""A run's folder to `report.html`: what was trained, the numbers and the pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from convgan.reporting.evaluation_tables import evaluation_tables
from convgan.reporting.report import write_report
from convgan.runs import Run

_PICTURES = {
    "training.gif": "Samples from the same latent vectors after each epoch",
    "curves.png": "Training, and validation where images were held out",
    "frechet.png": "How near the samples come to held-out images, by epoch",
    "eval/samples.png": "100 samples, not chosen",
    "eval/classes.png": "Classes of real and of generated images, as the evaluator sees them",
    "eval/nearest.png": "Samples, and the training images nearest to each",
    "eval/frechet.png": "Fréchet distance of each checkpoint",
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
        tables=evaluation_tables(run.folder),
        pictures=pictures,
    )
    return path


def _facts(manifest: dict[str, Any]) -> dict[str, Any]:
    data = manifest.get("data") or {}
    facts = {
        "status": manifest.get("status"),
        "command": manifest.get("command"),
        "data": f"{data.get('name')}: {data.get('origin')}",
        "training images": data.get("train", {}).get("count"),
        "device": manifest.get("device"),
        "precision": manifest.get("precision"),
        "seed": manifest.get("seed"),
        "seconds of training steps": _rounded(manifest.get("training_seconds")),
        "started": manifest.get("started"),
        "finished": manifest.get("finished"),
        "commit": manifest.get("commit"),
    }
    for name, count in manifest.get("parameters", {}).items():
        facts[f"parameters, {name}"] = f"{count:,}"
    kept = "last" if manifest.get("task") == "dcgan" else "kept"
    for name, value in (manifest.get("results") or {}).items():
        facts[f"{kept} epoch: {name}"] = f"{value:.4f}" if isinstance(value, float) else value
    best = manifest.get("best") or {}
    if best.get("val_frechet") is not None:
        facts["best epoch (val_frechet)"] = f"{best['epoch']} ({best['val_frechet']:.4f})"
    for name, value in manifest.get("versions", {}).items():
        facts[f"version of {name}"] = value
    return facts


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def _text(value: Any) -> str:
    return "unknown" if value is None else str(value)
