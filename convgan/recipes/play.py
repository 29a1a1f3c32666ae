"""`convgan play`: trained networks on one HTML page, which a visitor's browser runs."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from convgan import __version__
from convgan.errors import DataError, UsageError
from convgan.evaluation.evaluator import bundled_card, bundled_evaluator
from convgan.generation.directions import strongest_directions
from convgan.generation.trained import TrainedGenerator
from convgan.models.network_file import read_network
from convgan.models.portable import base64_floats, portable
from convgan.recipes.predict import TrainedClassifier
from convgan.registry import DATASETS
from convgan.reporting.report import write_page
from convgan.runs import Run
from convgan.runs.evaluations import ClassifierEvaluation, read_evaluation

_BUNDLED = Path(__file__).parent.parent / "generation" / "networks" / "digits"
"""A GAN's run, as `tools/bundle_gan.py` copies it."""
_TITLES = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST", "folder": "a folder"}
_SEEDS = 24
_DIRECTIONS = 5


def play(runs: Sequence[Run], path: Path) -> Path:
    """Write the page of a classifier's run, a GAN's or both; of none, of the bundled networks.

    Raises:
        UsageError: there are two of a kind, or a network has a layer that the page cannot compute.
        DataError: a network is missing or damaged.
    """
    if path.suffix.lower() not in {".html", ".htm"}:
        raise UsageError(f"cannot write {path}: expected a name that ends in .html")
    data: dict[str, Any] = {}
    for run in runs:
        of_run = {"classifier": _classifier(run)} if run.task == "classifier" else _gan(run)
        if data.keys() & of_run.keys():
            raise UsageError(
                f"got two runs of train-{run.task}, expected at most one, and one of the other kind"
            )
        data |= of_run
    data = data or {"classifier": _bundled_classifier()} | _gan(Run.open(_BUNDLED))
    classifier, generator = data.get("classifier"), data.get("generator")
    write_page(
        path,
        "play.html.j2",
        title=f"{'Two networks' if classifier and generator else 'A network'} to play with",
        data=data,
        classifier=classifier,
        generator=generator,
        command=shlex.join(["convgan", "play", *(run.name for run in runs)]),
        version=__version__,
    )
    return path


def _classifier(run: Run) -> dict[str, Any]:
    trained, measured = TrainedClassifier(run), read_evaluation(run)
    return _described(trained.network, trained.names, trained.config.data.name) | {
        "accuracy": measured.accuracy if isinstance(measured, ClassifierEvaluation) else None,
        "temperature": trained.temperature,
        "views": trained.config.train.evaluate_views,
    }


def _bundled_classifier() -> dict[str, Any]:
    evaluator, card = bundled_evaluator("mnist"), bundled_card("mnist")
    if evaluator is None or card is None:
        raise DataError("the network for MNIST is missing: install convgan anew")
    network = keras.Model(evaluator.model.inputs, evaluator.model.outputs[1])
    names = DATASETS["mnist"].class_names
    return _described(network, names, "mnist") | {"accuracy": card["test_accuracy"]}


def _described(network: keras.Model, names: Sequence[str], data: str) -> dict[str, Any]:
    return {
        "network": portable(network),
        "shape": network.input_shape[1:],
        "classes": names,
        "digits": data == "mnist",
        "data": _TITLES.get(data, data),
    }


def _gan(run: Run) -> dict[str, Any]:
    trained = TrainedGenerator(run, range(_SEEDS))
    given, generator, data = trained.given, trained.generator, trained.config.data.name
    discriminator = read_network(run.folder / "model" / "discriminator.safetensors").network
    labels = generator.labels(trained.seeds)
    return {
        "generator": {
            "network": portable(generator.network),
            "shape": generator.network.output_shape[1:],
            "seeds": _SEEDS,
            "latents": base64_floats(generator.latents(trained.seeds)),
            "labels": None if labels is None else labels.tolist(),
            "classes": given.names if given else None,
            "clusters": bool(given and given.clusters),
            "directions": base64_floats(strongest_directions(generator.network, _DIRECTIONS)),
            "data": _TITLES.get(data, data),
        },
        "discriminator": {
            "network": portable(discriminator),
            "probabilities": trained.config.train.loss.probabilities,
        },
    }
