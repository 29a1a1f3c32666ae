"""Which evaluator measures images: the wanted one, else what is at hand, else a random one."""

from __future__ import annotations

import json
import logging
import shlex
from pathlib import Path

from convgan.config import DataConfig
from convgan.data import ImageSet
from convgan.errors import DataError, UsageError
from convgan.evaluation.evaluator import Evaluator, bundled_evaluator, load_evaluator
from convgan.evaluation.random_evaluator import random_evaluator
from convgan.registry import DATASETS
from convgan.runs import Run, all_runs, find_run

logger = logging.getLogger("convgan")
_RANDOM = "random"


def find_evaluator(
    data: DataConfig | None, images: ImageSet, out: Path | None, wanted: str | Path | None = None
) -> Evaluator:
    """Return the evaluator of images like these, which came by the configuration `data`, if any.

    `wanted` is a classifier run's folder or name, a bundled network's name (`convgan-mnist`), or
    `random`; `out` is where to look for runs, None: nowhere. Where nothing is wanted and nothing
    fits, it is the random network, too; for images that have classes, the log then tells how to
    train one.

    Raises:
        UsageError: the wanted one does not fit; tells how to train one.
    """
    wanted, how = str(wanted or ""), f". Train one with: {_how_to_train(data)}" if data else ""
    name = data.name if data else wanted.removeprefix("convgan-")
    bundled = bundled_evaluator(name) if name in DATASETS else None
    if wanted not in {"", _RANDOM}:
        ours = bundled if bundled and wanted == bundled.name else None
        found = ours or find_run(wanted, out or Path(), task="classifier")
        try:
            if isinstance(found, Evaluator):
                return _of_shape(found, images)
            return _evaluator_of(found, data, images)
        except UsageError as error:
            raise UsageError(f"the evaluator {wanted} {error}{how}") from error
    if data and not wanted:
        if bundled and bundled.image_shape == images.image_shape:
            return bundled
        if out and (newest := _newest_here(out, data, images)):
            return newest
        if len(images.class_names) > 1:
            logger.info(
                "no classifier knows these %s images: a random network compares them, and "
                "sees no classes%s",
                data.name,
                how,
            )
    return random_evaluator(images.image_shape)


def _newest_here(out: Path, data: DataConfig, images: ImageSet) -> Evaluator | None:
    """Return the network of the newest classifier run in a folder that knows these images."""
    for run in reversed(all_runs(out)):
        if run.task == "classifier":
            try:
                return _evaluator_of(run, data, images)
            except UsageError:
                continue  # of other images
            except DataError as error:
                logger.warning("%s is no evaluator: %s", run.name, error)
    return None


def _evaluator_of(run: Run, data: DataConfig | None, images: ImageSet) -> Evaluator:
    """Return a classifier run's network, or say what is wrong with it for these images."""
    path, own = run.folder / "model" / "classifier.safetensors", run.config().data
    if not path.is_file():
        raise UsageError("has no model yet")
    if data and DATASETS[own.name].identity(own) != DATASETS[data.name].identity(data):
        was, wanted = (str(each.folder or each.name) for each in (own, data))
        raise UsageError(f"was trained on {was}, not on {wanted}")
    names = run.manifest.get("class_names") or DATASETS[own.name].class_names
    return _of_shape(load_evaluator(path, run.name, tuple(names)), images)


def _of_shape(found: Evaluator, images: ImageSet) -> Evaluator:
    if found.image_shape != images.image_shape:
        raise UsageError(f"takes images of {found.image_shape}, these are {images.image_shape}")
    return found


def _how_to_train(data: DataConfig) -> str:
    preset, default = DATASETS[data.name].evaluator_preset, DataConfig.model_fields
    changes = "".join(
        f" --set {shlex.quote(f'data.{key}={json.dumps(value)}')}"
        for key in ("image_size", "channels", "fit", "background", "skip_bad")
        if (value := getattr(data, key)) != default[key].default
    )
    if data.name == "folder":
        return f"convgan train-classifier --data {shlex.quote(str(data.folder))}{changes}"
    if preset is None:
        folder = f" --set {shlex.quote(f'data.folder={data.folder}')}" if data.folder else ""
        changes = f" --set data.name={data.name}{folder}{changes}"
    return f"convgan train-classifier --config {preset or 'evaluator-fashion'}{changes}"
