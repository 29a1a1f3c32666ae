"""Which classifier run judges a generator: the wanted one, or the newest that fits."""

from __future__ import annotations

from pathlib import Path

from convgan.config import GanConfig
from convgan.data import ImageSet
from convgan.errors import UsageError
from convgan.runs import Run, all_runs, find_run


def find_evaluator(config: GanConfig, test: ImageSet, out: Path, wanted: str | None) -> Run:
    """Return the classifier run that judges the pictures of this configuration.

    Raises:
        UsageError: the wanted run does not fit, or none does; says how to train one.
    """
    train_one = _how_to_train(config)
    if wanted:
        run = find_run(wanted, out, task="classifier")
        why_not = _misfit(run, config, test)
        if why_not:
            raise UsageError(f"the evaluator {run.folder} {why_not}. Train one with: {train_one}")
        return run
    fitting = [
        run
        for run in all_runs(out)
        if run.task == "classifier" and _misfit(run, config, test) is None
    ]
    if not fitting:
        raise UsageError(
            f"which classes a generator makes is told by a classifier of {config.data.name}, and "
            f"there is none in {out}. Train one, then repeat this command: {train_one}"
        )
    return fitting[-1]


def _misfit(run: Run, config: GanConfig, test: ImageSet) -> str | None:
    """Say why a classifier run cannot judge this data, or None."""
    model = run.folder / "model" / "classifier.keras"
    if not model.is_file():
        return "has no model yet"
    data = run.config().data
    if (data.name, data.folder) != (config.data.name, config.data.folder):
        return f"was trained on {data.name}, not on {config.data.name}"
    if (data.image_size, data.channels) != (config.data.image_size, config.data.channels):
        return f"takes pictures of another size than {test.image_shape}"
    return None


def _how_to_train(config: GanConfig) -> str:
    preset = {"mnist": "classifier-mnist", "fashion-mnist": "classifier-fashion"}
    data = config.data
    changes = "".join(
        f" --set data.{key}={value}"
        for key, value in (("image_size", data.image_size), ("channels", data.channels))
        if value
    )
    if data.name not in preset:
        changes = f" --set data.name=folder --set data.folder={data.folder}{changes}"
    name = preset.get(data.name, "classifier-fashion")
    return f"convgan train-classifier --config {name}{changes}"
