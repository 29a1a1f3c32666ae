"""Which evaluator measures images: the wanted one, else what is at hand, else a random one."""

from __future__ import annotations

import json
import logging
import shlex
from contextlib import suppress
from pathlib import Path

from convgan.config import DataConfig
from convgan.data import ImageSet
from convgan.errors import UsageError
from convgan.evaluation.evaluator import Evaluator, bundled_evaluator, load_evaluator
from convgan.evaluation.random_evaluator import random_evaluator
from convgan.registry import DATASETS
from convgan.runs import Run, all_runs, find_run

logger = logging.getLogger("convgan")
_RANDOM = "random"


def find_evaluator(
    data: DataConfig, images: ImageSet, out: Path | None, wanted: str | Path | None = None
) -> Evaluator:
    """Return the evaluator of images like these, which came by the configuration `data`.

    `wanted` is a classifier run's folder or name, or `random`; `out` is where to look for runs,
    None: nowhere. Where nothing is wanted and nothing fits, it is the random network, too; for
    images that have classes, the log then tells how to train one.

    Raises:
        UsageError: the wanted run does not fit; tells how to train one.
    """
    train_one = f"Train one with: {_how_to_train(data)}"
    if wanted and str(wanted) != _RANDOM:
        run = find_run(str(wanted), out or Path(), task="classifier")
        try:
            return _evaluator_of(run, data, images)
        except UsageError as error:
            raise UsageError(f"the evaluator {run.folder} {error}. {train_one}") from error
    if not wanted:
        bundled = bundled_evaluator(data.name)
        if bundled and bundled.image_shape == images.image_shape:
            return bundled
        for run in reversed(all_runs(out) if out else []):
            if run.task == "classifier":
                with suppress(UsageError):
                    return _evaluator_of(run, data, images)
        if len(images.class_names) > 1:
            logger.info(
                "no classifier of such %s images is there: a random network compares them, and "
                "knows no classes. %s",
                data.name, train_one,
            )  # fmt: skip
    return random_evaluator(images.image_shape)


def evaluator_by_name(images: ImageSet, out: Path, wanted: str | None) -> Evaluator:
    """Return the evaluator of images that came from anywhere.

    `wanted` is a classifier run's folder or name, the name of a bundled network (`convgan-mnist`),
    or `random`, which is also taken where it is None.

    Raises:
        UsageError: there is no such run, or its network is for other images.
    """
    if wanted in {None, _RANDOM}:
        return random_evaluator(images.image_shape)
    bundled = [bundled_evaluator(name) for name in DATASETS if wanted == f"convgan-{name}"]
    found = next(iter(bundled), None) or find_run(wanted, out, task="classifier")
    try:
        return _of_shape(found if isinstance(found, Evaluator) else _network_of(found), images)
    except UsageError as error:
        raise UsageError(f"the evaluator {wanted} {error}") from error


def _evaluator_of(run: Run, data: DataConfig, images: ImageSet) -> Evaluator:
    """Return a classifier run's network, or say what is wrong with it for these images."""
    own = run.config().data
    if DATASETS[own.name].identity(own) != DATASETS[data.name].identity(data):
        was, wanted = (str(each.folder or each.name) for each in (own, data))
        raise UsageError(f"was trained on {was}, not on {wanted}")
    return _of_shape(_network_of(run), images)


def _network_of(run: Run) -> Evaluator:
    path = run.folder / "model" / "classifier.safetensors"
    if not path.is_file():
        raise UsageError("has no model yet")
    names = run.manifest.get("class_names") or DATASETS[run.config().data.name].class_names
    return load_evaluator(path, run.name, tuple(names))


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
        folder = f" --set data.folder={data.folder}" if data.folder else ""
        changes = f" --set data.name={data.name}{folder}{changes}"
    return f"convgan train-classifier --config {preset or 'evaluator-fashion'}{changes}"
