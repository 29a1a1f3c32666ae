"""What each preset and each bundled network gives: all that the golden tests ask of convgan.

A change that is not meant to change a number leaves what these functions return as it is.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from convgan.config import ClassifierRunConfig, load_config
from convgan.config import presets as config_files
from convgan.data import hold_out, load_dataset
from convgan.evaluation.evaluator import bundled_evaluator
from convgan.hardware import set_precision_and_seed
from convgan.models.build import check_networks
from convgan.training.build import build_classifier_task, build_gan
from convgan.training.steps import compile_steps
from convgan.training.task import Task

EVALUATORS = ("mnist", "fashion-mnist")
"""The data sets that a network comes with."""

_CHANGES = ("data.source=sample", "seed=0", "train.precision=float32")
_STEPS, _BATCH = 20, 16


def _narrow(layers: int) -> list[str]:
    """Return changes to a 32nd of the filters, where the whole takes seconds per step."""
    keys = ("projection", *(f"blocks.{block}" for block in range(layers - 1)))
    return [
        "data.limit=100",
        *(
            f"generator.{key}.filters={2**power}"
            for power, key in enumerate(reversed(keys), start=2)
        ),
        *(f"discriminator.blocks.{block}.filters={4 * 2**block}" for block in range(layers)),
    ]


_LIGHT = {"dcgan-32": _narrow(3), "dcgan-64": _narrow(4), "gan-64": ["data.limit=100"]}
_PLANNED = 1000  # steps, by which the learning rates change
_SHOWN, _MEASURED = 8, 200  # test pictures


def presets() -> list[str]:
    """Return the names of the configurations that convgan brings along."""
    return list(config_files())


def step_losses(preset: str) -> list[dict[str, float]]:
    """Return losses, outputs and gradient norms of a training's first steps, made one per call.

    To the bit the same only in a `pinned_process`.
    """
    changes = [*_CHANGES, f"train.batch_size={_BATCH}", *_LIGHT.get(preset, ())]
    config = load_config(preset, changes)
    pictures = load_dataset(config.data).train
    held_out = config.data.held_out(len(pictures))
    pictures, _ = hold_out(pictures, held_out, config.seed)

    set_precision_and_seed(config.train.precision, config.seed)
    shape, classes = pictures.image_shape, len(pictures.class_names)
    # As many images as make the steps that the learning rates are planned for.
    planned = -(-_PLANNED * _BATCH // config.train.epochs)
    task: Task  # of labels also where there are clusters, which others may find otherwise
    if isinstance(config, ClassifierRunConfig):
        task = build_classifier_task(config, shape, classes, count=planned)
    else:
        task = build_gan(config, shape, classes, count=planned)
    steps = compile_steps(task, pictures, _BATCH, xla=config.train.xla)
    return [
        {name: value for name, value in steps(1).logs.items() if "learning_rate" not in name}
        for _ in range(_STEPS)
    ]


def tables(preset: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each network's layer table, by the network's name; builds nothing."""
    config = load_config(preset, ["data.source=sample", "data.limit=1"])
    pictures = load_dataset(config.data).train
    rows = check_networks(config, pictures.image_shape, len(pictures.class_names))
    return {name: [asdict(row) for row in table] for name, table in rows.items()}


def evaluator_outputs(name: str) -> dict[str, list[Any]]:
    """Return what the bundled network for a data set makes of the sample's first test pictures.

    Returns:
        `features` (8, D), to 6 significant digits, and `logits` (8, K) of the first pictures;
        `features_mean` and `features_square_sum` (D,), each feature's over the first 200.
    """
    config = load_config(f"evaluator-{name.split('-', maxsplit=1)[0]}", _CHANGES)
    images = load_dataset(config.data).test.images[:_MEASURED]
    network = bundled_evaluator(name)
    assert network is not None
    features, logits = (np.asarray(each, np.float64) for each in network.predict(images))
    return {
        "features": [[float(f"{x:.6g}") for x in row] for row in features[:_SHOWN]],
        "logits": logits[:_SHOWN].tolist(),
        "features_mean": features.mean(axis=0).tolist(),
        "features_square_sum": (features**2).sum(axis=0).tolist(),
    }
