"""Which evaluator measures a generator: a wanted run's, the bundled one, or the newest."""

from __future__ import annotations

from pathlib import Path

from convgan.config import DataConfig
from convgan.data import ImageSet
from convgan.errors import UsageError
from convgan.evaluation.evaluator import Evaluator, bundled_evaluator, load_evaluator
from convgan.registry import DATASETS
from convgan.runs import Run, all_runs, find_run

_MODEL = Path("model") / "classifier.safetensors"


def find_evaluator(
    data: DataConfig, images: ImageSet, out: Path | None, wanted: str | Path | None = None
) -> Evaluator:
    """Return the evaluator of images like these.

    Args:
        data: the configuration that the images came by.
        images: any part of the data set.
        out: where to look for classifier runs; None: nowhere.
        wanted: a classifier run's folder or name.

    Raises:
        UsageError: the wanted run does not fit, or nothing does; tells how to train one.
    """
    train_one = f"Train one with: {_how_to_train(data)}"
    if wanted:
        run = find_run(str(wanted), out or Path(), task="classifier")
        why_not = _misfit(run, data, images)
        if why_not:
            raise UsageError(f"the evaluator {run.folder} {why_not}. {train_one}")
        return _network_of(run, images)
    bundled = bundled_evaluator(data.name)
    if bundled and bundled.image_shape == images.image_shape:
        return bundled
    runs = all_runs(out) if out else []
    fitting = [
        run for run in runs if run.task == "classifier" and _misfit(run, data, images) is None
    ]
    if not fitting:
        shape = "×".join(map(str, images.image_shape))
        raise UsageError(
            f"no evaluator comes with convgan for {data.name} images of {shape}, "
            f"and no classifier run is in {out or 'the configuration (train.evaluator)'}. "
            f"{train_one}"
        )
    return _network_of(fitting[-1], images)


def _network_of(run: Run, images: ImageSet) -> Evaluator:
    network = load_evaluator(run.folder / _MODEL, run.name)
    if network.image_shape != images.image_shape:  # its configuration says otherwise
        raise UsageError(
            f"the evaluator {run.folder} takes images of {network.image_shape}, "
            f"these are {images.image_shape}"
        )
    return network


def _misfit(run: Run, data: DataConfig, images: ImageSet) -> str | None:
    """Say why a classifier run cannot evaluate this data, or None."""
    if not (run.folder / _MODEL).is_file():
        return "has no model yet"
    own = run.config().data
    if DATASETS[own.name].identity(own) != DATASETS[data.name].identity(data):
        return f"was trained on {own.folder or own.name}, not on {data.folder or data.name}"
    if (own.image_size, own.channels) != (data.image_size, data.channels):
        return f"takes images of another size than {images.image_shape}"
    return None


def _how_to_train(data: DataConfig) -> str:
    preset = DATASETS[data.name].evaluator_preset
    changes = "".join(
        f" --set data.{key}={value}"
        for key, value in (("image_size", data.image_size), ("channels", data.channels))
        if value
    )
    if preset is None:
        folder = f" --set data.folder={data.folder}" if data.folder else ""
        changes = f" --set data.name={data.name}{folder}{changes}"
    return f"convgan train-classifier --config {preset or 'evaluator-fashion'}{changes}"
