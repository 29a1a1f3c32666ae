"""Run folders as a training and `eval` leave them, made in a moment."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from convgan.config import load_config
from convgan.models.build import network_specs
from convgan.models.network_file import write_network
from convgan.reporting.images import image_grid, save_png
from convgan.runs import Run

PLACE = {
    "run": "a",
    "data": {"name": "a", "origin": "a", "sha256": "a"},
    "made": "",
    "versions": {},
}
DATA = {
    "name": "fashion-mnist",
    "origin": "somewhere",
    "train": {"count": 60000, "sha256": "a"},
    "test": {"count": 10000, "sha256": "b"},
}


def grid(path: Path, seed: int) -> None:
    images = np.random.default_rng(seed).integers(0, 256, (4, 8, 8, 1), np.uint8)
    save_png(path, image_grid(images, 2, scale=4))


def made_run(
    out: Path, preset: str, *, changes: Sequence[str] = (), epochs: int = 3, **entries: Any
) -> Run:
    """Return a run of so many epochs of 4 steps, with its log, and the grids of a GAN."""
    run = Run.create(out, preset, load_config(preset, changes))
    samples = []
    for step in range(1, 4 * epochs + 1):
        epoch = step / 4
        losses = {"loss": 2 / step, "accuracy": 1 - 0.5 / step}
        if run.task == "dcgan":
            losses = {"d_loss": 1 + 1 / step, "g_loss": 1.5 - 1 / step, "d_real": 0.5 + 0.4 / step}
        run.log({"step": step, "epoch": epoch} | losses | {"grad_norm": 9.0 / step})
        if step % 4 == 0:
            validated = "val_frechet" if run.task == "dcgan" else "val_loss"
            run.log({"step": step, "epoch": epoch, "end_of_epoch": True, validated: 3.5 / epoch})
            if run.task == "dcgan":
                name = f"samples/epoch-{step // 4:04d}.png"
                grid(run.folder / name, step)
                samples.append({"epoch": step // 4, "step": step, "file": name})
    times = [{"step": 4 * n, "epoch": n, "seconds": 1.0} for n in range(1, epochs + 1)]
    told = {"status": "finished", "data": DATA, "samples": samples, "times": times}
    run.update(**told | {"results": {"epoch": epochs, "step": 4 * epochs}} | entries)
    run.flush()
    run.release()
    return Run.open(run.folder)


def add_networks(run: Run) -> None:
    """Write the run's networks, with the weights that they begin with."""
    for role, spec in network_specs(run.config(), (28, 28, 1), 10).items():
        write_network(run.folder / f"model/{role}.safetensors", role, spec.build(), spec)


def evaluate(run: Run, names: Sequence[str], pictures: Sequence[str] = ()) -> None:
    """Write what `eval` would, for classes of these names, and pictures in `eval/`."""
    result = classified(names) if run.task == "classifier" else generated(names)
    path = run.folder / f"eval/{'classifier' if run.task == 'classifier' else 'generator'}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result), encoding="utf-8")
    for name in pictures:
        grid(run.folder / f"eval/{name}.png", 0)


def classified(names: Sequence[str]) -> dict[str, Any]:
    scores = {"precision": 0.75, "recall": None, "f1": 0.5, "count": 10}
    matrix = 3 * np.eye(len(names), dtype=int) + 1
    return {
        "provenance": PLACE, "views": [], "epoch": 3, "step": 12, "count": 1000,
        "accuracy": 0.875, "accuracy_95": [0.85, 0.9], "loss": 0.4,
        "expected_calibration_error": 0.01, "classes": dict.fromkeys(names, scores),
        "confusion_matrix": matrix.tolist(),
    }  # fmt: skip


def generated(names: Sequence[str]) -> dict[str, Any]:
    svm = {"accuracy": 0.5, "labels": 3, "c": [1.0], "dimension": 2, "test_count": 3}
    counts = ("feature_dimension", "generated", "test", "train", "reference", "svm_labels")
    words = ("evaluator", "evaluator_sha256", "data", "train_sha256", "test_sha256")
    matrix = (90 * np.eye(len(names), dtype=int) + 5).tolist()
    agreement = {
        "name": "class_agreement", "title": "in the class asked for", "meaning": "As asked.",
        "value": 0.625, "direction": "higher", "reference": 0.9,
        "details": {"confusion_matrix": matrix},
    }  # fmt: skip
    fractions = dict.fromkeys(names, 1 / len(names))
    faults = {"missing": [], "rare": [], "often": [names[0]], "seldom": []}
    protocol = dict.fromkeys(counts, 3) | dict.fromkeys(words, "a")
    return {
        "provenance": PLACE, "checkpoint": {"which": "best", "epoch": 3, "step": 12},
        "evaluator_accuracy": 0.9,
        "protocol": protocol | {"svm_draws": 1, "seed": 0, "metrics": {}},
        "metrics": [agreement], "classes": {"generated": fractions, "real": fractions} | faults,
        "verdict": "All classes are there.",
        "findings": [{"name": "a", "text": "The class asked for is ignored."}],
        "discriminator": {"trained": svm, "untrained": svm, "pixels": svm},
    }  # fmt: skip
