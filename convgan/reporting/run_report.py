"""A run's folder to `report.html`: one file with its pictures, curves, numbers and origin."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from convgan.config import Config, differing, flatten, load_config, presets
from convgan.errors import ConvganError
from convgan.models.layer_table import layer_table
from convgan.models.network_file import read_spec
from convgan.reporting.evaluation_tables import discriminator_table, evaluation_tables
from convgan.reporting.figures import drawable
from convgan.reporting.layer_table import network_table
from convgan.reporting.page_curves import page_curves
from convgan.reporting.page_pictures import film, inlined
from convgan.reporting.report import Table, write_page
from convgan.runs import Run
from convgan.runs.evaluations import Evaluation, GeneratorEvaluation, read_evaluation

_PICTURES = ("samples", "nearest", "mistakes", "frechet")  # in eval/
_MATRIX = TypeAdapter(list[list[int]])
_NETWORKS = ("generator", "discriminator", "classifier")
_HELD_OUT = {
    "val_accuracy": "Fraction of them that is named right; higher is better.",
    "val_loss": "How wrong the network is on them; lower is better.",
    "val_calibrated_loss": "The same, after one number has scaled its confidence; the epoch with "
    "the least is kept.",
    "val_frechet": "How far generated images are from them, in what the evaluator sees; lower is "
    "better. Measured on fewer images than by eval, so larger.",
}


def report_run(run: Run) -> Path:
    """Write the page from what lies in the run's folder, and return its path.

    What is missing there, or damaged and no result, is left out.

    Raises:
        DataError: a result of `eval` is damaged, or the manifest names a file outside the run.
        RunError: the page cannot be written.
    """
    evaluation = read_evaluation(run)
    pictures = {name: inlined(run.folder / "eval" / f"{name}.png") for name in _PICTURES}
    frames, every = film(run, sum(len(each.source) for each in pictures.values() if each))
    config = None
    with suppress(ConvganError):  # it may be another version's
        config = run.config()
    preset = load_config(config.name) if config and config.name in presets() else None
    path = run.folder / "report.html"
    write_page(
        path,
        "report.html.j2",
        run=run,
        folder=shlex.quote(str(run.folder)),
        config=config,
        preset=preset,
        settings=_settings(config, preset or config) if config else (),
        pictures=pictures,
        frames=frames,
        every=every,
        curves=page_curves(run.records()),
        evaluation=evaluation,
        asked=_asked(evaluation),
        tables=evaluation_tables(evaluation) if evaluation else (),
        learned=discriminator_table(evaluation),
        held_out=_held_out(run.manifest),
        networks=list(_networks(run)),
    )
    return path


def _held_out(manifest: dict[str, Any]) -> Table | None:
    """Return what held-out images gave in the epoch that was kept."""
    kept = manifest.get("best") or manifest.get("results") or {}
    rows = [(name, f"{kept[name]:.4g}") for name in _HELD_OUT if drawable(kept.get(name))]
    title = f"On images held out from the training, epoch {kept.get('epoch')}"
    meanings = [_HELD_OUT[name] for name, _ in rows]
    return Table(title, ("number", "value"), rows, meanings=meanings) if rows else None


def _asked(evaluation: Evaluation | None) -> list[list[int]] | None:
    """Return how many images of each class asked for (rows) are seen as each (columns)."""
    if isinstance(evaluation, GeneratorEvaluation):
        found = evaluation.metric("class_agreement")
        with suppress(ValidationError):
            return _MATRIX.validate_python(found and found.details.get("confusion_matrix"))
    return None


def _networks(run: Run) -> Iterator[Table]:
    """Yield the layer tables of the run's networks."""
    for name in _NETWORKS:
        with suppress(ConvganError):
            _, spec = read_spec(run.folder / "model" / f"{name}.safetensors")
            yield network_table(name, layer_table(spec.build_symbolically()))


def _settings(config: Config, preset: Config) -> list[tuple[str, Any, Any, bool]]:
    """Return the settings of both: dotted key, value here, value there, whether they differ."""
    here, there = (dict(flatten(each.model_dump(mode="json"))) for each in (config, preset))
    changed = set(differing(here, there))
    return [
        (key, here.get(key, "–"), there.get(key, "–"), key in changed) for key in {**here, **there}
    ]
