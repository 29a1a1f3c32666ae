"""Which evaluator measures a generator: a wanted run's, the bundled one, or the newest."""

from __future__ import annotations

import json
import shlex
from contextlib import suppress
from pathlib import Path

from convgan.config import DataConfig
from convgan.data import ImageSet
from convgan.errors import UsageError
from convgan.evaluation.evaluator import Evaluator, bundled_evaluator, load_evaluator
from convgan.registry import DATASETS
from convgan.runs import Run, all_runs, find_run


def find_evaluator(
    data: DataConfig, images: ImageSet, out: Path | None, wanted: str | Path | None = None
) -> Evaluator:
    """Return the evaluator of images like these, which came by the configuration `data`.

    `wanted` is a classifier run's folder or name; `out` is where to look for runs, None: nowhere.

    Raises:
        UsageError: the wanted run does not fit, or nothing does; tells how to train one.
    """
    train_one = f"Train one with: {_how_to_train(data)}"
    if wanted:
        run = find_run(str(wanted), out or Path(), task="classifier")
        try:
            return _evaluator_of(run, data, images)
        except UsageError as error:
            raise UsageError(f"the evaluator {run.folder} {error}. {train_one}") from error
    bundled = bundled_evaluator(data.name)
    if bundled and bundled.image_shape == images.image_shape:
        return bundled
    for run in reversed(all_runs(out) if out else []):
        if run.task == "classifier":
            with suppress(UsageError):
                return _evaluator_of(run, data, images)
    shape = "×".join(map(str, images.image_shape))
    raise UsageError(
        f"no evaluator comes with convgan for {data.name} images of {shape}, "
        f"and no classifier run is in {out or 'the configuration (train.evaluator)'}. {train_one}"
    )


def _evaluator_of(run: Run, data: DataConfig, images: ImageSet) -> Evaluator:
    """Return a classifier run's network, or say what is wrong with it for these images."""
    path, own = run.folder / "model" / "classifier.safetensors", run.config().data
    if not path.is_file():
        raise UsageError("has no model yet")
    if DATASETS[own.name].identity(own) != DATASETS[data.name].identity(data):
        was, wanted = (str(each.folder or each.name) for each in (own, data))
        raise UsageError(f"was trained on {was}, not on {wanted}")
    evaluator = load_evaluator(path, run.name)
    if evaluator.image_shape != images.image_shape:
        raise UsageError(f"takes images of {evaluator.image_shape}, these are {images.image_shape}")
    return evaluator


def _how_to_train(data: DataConfig) -> str:
    preset, default = DATASETS[data.name].evaluator_preset, DataConfig.model_fields
    changes = "".join(
        f" --set {shlex.quote(f'data.{key}={json.dumps(value)}')}"
        for key in ("image_size", "channels", "fit", "background", "skip_bad")
        if (value := getattr(data, key)) != default[key].default
    )
    if preset is None:
        folder = f" --set data.folder={data.folder}" if data.folder else ""
        changes = f" --set data.name={data.name}{folder}{changes}"
    return f"convgan train-classifier --config {preset or 'evaluator-fashion'}{changes}"
