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
    "eval/samples.png": "100 samples, not chosen",
    "eval/classes.png": "Classes of real and of generated images, as the evaluator sees them",
    "eval/nearest.png": "Samples, and the training images nearest to each",
    "eval/frechet.png": "Fréchet distance of each checkpoint",
    "eval/asked.png": "Classes asked for, and as the evaluator sees them",
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
    tables = evaluation_tables(run.folder)
    write_report(path, title=run.name, facts=_facts(manifest), tables=tables, pictures=pictures)
    return path


def _facts(manifest: dict[str, Any]) -> dict[str, str]:
    data = manifest.get("data") or {}
    seconds = manifest.get("training_seconds")
    facts = {
        **{name: manifest.get(name) for name in ("status", "command")},
        "data": f"{data.get('name')}: {data.get('origin')}",
        "training images": data.get("train", {}).get("count"),
        **{name: manifest.get(name) for name in ("device", "precision", "seed")},
        "seconds of training steps": None if seconds is None else round(seconds, 1),
        **{name: manifest.get(name) for name in ("started", "finished", "commit")},
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
    return {name: "unknown" if value is None else str(value) for name, value in facts.items()}
