"""`convgan play`: trained networks on one HTML page, which a visitor's browser runs."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from convgan import __version__
from convgan.errors import DataError, UsageError
from convgan.evaluation.evaluator import bundled_card, bundled_evaluator
from convgan.files import replacing
from convgan.generation.directions import strongest_directions
from convgan.generation.seeds import SeededGenerator
from convgan.generation.source import Source, Wanted
from convgan.models.network_file import read_network
from convgan.models.portable import portable
from convgan.recipes.predict import Reader
from convgan.registry import DATASETS
from convgan.reporting.pages import render
from convgan.runs import Run
from convgan.runs.evaluations import ClassifierEvaluation, read_evaluation

_BUNDLED = Path(__file__).parent.parent / "generation" / "networks"
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
        of_run = _of_classifier(run) if run.task == "classifier" else _of_gan(run)
        if data.keys() & of_run.keys():
            raise UsageError(
                f"got two runs of train-{run.task}, expected at most one, and one of the other kind"
            )
        data |= of_run
    data = data or _of_bundled()
    classifier, generator = data.get("classifier"), data.get("generator")
    page = render(
        "play.html.j2",
        title=f"{'Two networks' if classifier and generator else 'A network'} to play with",
        data=data,
        classifier=classifier,
        generator=generator,
        command=shlex.join(["convgan", "play", *(run.name for run in runs)]),
        version=__version__,
    )
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8", errors="replace")
    return path


def _of_classifier(run: Run) -> dict[str, Any]:
    reader = Reader(run)
    measured = read_evaluation(run.folder, ClassifierEvaluation)
    return _classifier(
        reader.network,
        reader.names,
        data=reader.config.data.name,
        accuracy=measured.accuracy if measured else None,
        temperature=reader.temperature,
        mirrored=reader.config.train.evaluate_mirrored,
    )


def _of_gan(run: Run) -> dict[str, Any]:
    source = Source(run, Wanted(range(_SEEDS)))
    given = source.given
    discriminator = read_network(run.folder / "model" / "discriminator.safetensors").network
    return _gan(
        source.generator,
        discriminator,
        data=source.config.data.name,
        classes=given.names if given else None,
        clusters=bool(given and given.clusters),
        probabilities=source.config.train.loss.probabilities,
    )


def _of_bundled() -> dict[str, Any]:
    card = json.loads((_BUNDLED / "digits.json").read_text(encoding="utf-8"))
    names = DATASETS["mnist"].class_names
    generator, discriminator = (
        read_network(_BUNDLED / f"digits-{role}.safetensors").network
        for role in ("generator", "discriminator")
    )
    evaluator, measured = bundled_evaluator("mnist"), bundled_card("mnist")
    if evaluator is None or measured is None:
        raise DataError("the network for MNIST is missing: install convgan anew")
    reader = keras.Model(evaluator.model.inputs, evaluator.model.outputs[1])
    return _classifier(reader, names, data="mnist", accuracy=measured["test_accuracy"]) | _gan(
        SeededGenerator(generator, np.array(card["fractions"])),
        discriminator,
        data="mnist",
        classes=names,
    )


def _classifier(
    network: keras.Model,
    names: Sequence[str],
    *,
    data: str,
    accuracy: float | None,
    temperature: float = 1.0,
    mirrored: bool = False,
) -> dict[str, Any]:
    return {
        "classifier": {
            "network": _written(network),
            "shape": network.input_shape[1:],
            "classes": list(names),
            "temperature": temperature,
            "mirrored": mirrored,
            "digits": data == "mnist",
            "data": _TITLES.get(data, data),
            "accuracy": accuracy,
        }
    }


def _gan(
    generator: SeededGenerator,
    discriminator: keras.Model,
    *,
    data: str,
    classes: Sequence[str] | None,
    clusters: bool = False,
    probabilities: bool = True,
) -> dict[str, Any]:
    network, seeds = generator.network, range(_SEEDS)
    labels = generator.labels(seeds)
    directions = strongest_directions(network, _DIRECTIONS)
    return {
        "generator": {
            "network": _written(network),
            "shape": network.output_shape[1:],
            "seeds": _SEEDS,
            "latents": _base64(generator.latents(seeds)),
            "labels": None if labels is None else labels.tolist(),
            "classes": None if classes is None else list(classes),
            "clusters": clusters,
            "directions": _base64(directions) if len(directions) else None,
            "data": _TITLES.get(data, data),
        },
        "discriminator": {"network": _written(discriminator), "probabilities": probabilities},
    }


def _written(network: keras.Model) -> dict[str, Any]:
    made = portable(network)
    return {
        "inputs": made.inputs,
        "operations": made.operations,
        "weights": _base64(made.weights),
    }


def _base64(array: np.ndarray) -> str:
    """Return float32 values, little-endian, as text."""
    return base64.b64encode(np.asarray(array, "<f4").tobytes()).decode("ascii")
