"""`convgan export`: a run's network in a format of other programs, compared with it, and a card."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from convgan.arrays import read_header
from convgan.errors import RunError, UsageError
from convgan.evaluation.generator import Which
from convgan.files import replacing
from convgan.generation.trained import TrainedGenerator
from convgan.hardware import versions
from convgan.models.conditioning import inputs_of
from convgan.models.deployable import deployable_classifier, deployable_generator
from convgan.models.file_formats import EXTRAS, FORMATS, Arrays, Runner
from convgan.recipes.predict import TrainedClassifier
from convgan.registry import DATASETS
from convgan.reporting.evaluation_tables import evaluation_tables
from convgan.reporting.images import enlarge
from convgan.reporting.report import write_page
from convgan.runs import Run, now
from convgan.runs.evaluations import (
    ClassifierEvaluation,
    Evaluation,
    GeneratorEvaluation,
    read_evaluation,
)
from convgan.runs.json_file import write_json

BATCHES = (1, 5)
_INPUTS = max(BATCHES)
_LARGEST = 1e-4  # difference between what the file and the network say; above it, there is no file
_TRIED = 200  # random pictures, of which those are taken that a classifier is least sure of
_RANGES = {
    "images": "0 to 255",
    "probabilities": "0 to 1",
    "z": "standard normal",
    "label": "number of a class, from 0",
}


@dataclass(frozen=True, eq=False)
class Subject:
    """A network that is to be exported.

    Args:
        source: its own file.
        network: the deployable one.
        inputs: random ones, as many as the largest batch has.
        expected: what convgan says to them: probabilities (N, K), or grey levels (N, H, W, C)
            before they are rounded.
        facts: what its card says of it alone.
        evaluation: what `eval` found, if it measured this very network.
    """

    source: Path
    network: keras.Model
    inputs: Arrays
    expected: NDArray[np.float64]
    facts: dict[str, Any]
    evaluation: Evaluation | None


def export_network(run: Run, name: str, which: Which | None, folder: Path) -> tuple[Path, float]:
    """Write a run's network and its card; return the file and its largest difference.

    Raises:
        UsageError: there is no such generator.
        DataError: the network is missing or damaged.
        RunError: the file cannot be written, or gives something else than the network.
    """
    if run.task == "classifier" and which:
        raise UsageError(f"--which {which} is for generators, and {run.name} is a classifier")
    subject = _classifier(run) if run.task == "classifier" else _generator(run, which)
    target = folder / f"{subject.source.stem}.{name}"
    write, opened = FORMATS[name]
    with replacing(target) as temporary:
        try:
            write(subject.network, temporary)
        except (RuntimeError, tf.errors.OpError) as error:  # such as of a full disk
            raise OSError(str(error)) from error
        difference = _difference(subject, opened(temporary))
        if not difference <= _LARGEST:
            raise RunError(
                f"{target} is not written: it gives other numbers than the network (by up to "
                f"{difference:.2g}, at most {_LARGEST:g} is rounding). Take the versions of "
                "convgan's constraints.txt, or another --format"
            )
    data_name, kept = run.config().data.name, run.manifest.get("data") or {}
    data = DATASETS[data_name]
    card = subject.facts | {
        "file": target.name,
        "format": name,
        "run": run.name,
        "inputs": _described(subject.network.input),
        "outputs": _described(subject.network.output),
        "batches": BATCHES,
        "largest_difference": difference,
        "data": {"name": data_name, "origin": data.origin, "licence": data.licence}
        | {part: kept.get(part) for part in ("train", "test")},
        "command": run.manifest.get("command"),
        "versions": run.manifest.get("versions") or {},
        "exported": now(),
        "exported_with": versions() | {each: version(each) for each in EXTRAS.get(name, ())},
        "sha256": _hashes(target),
        "network_sha256": read_header(subject.source)["sha256"],
    }
    found = subject.evaluation
    numbers = {"evaluation": found.model_dump(mode="json") if found else None}
    write_json(folder / f"{target.name}.json", card | numbers)
    tables = evaluation_tables(found) if found else []
    write_page(folder / f"{target.name}.md", "network_card.md.j2", **card, tables=tables)
    return target, difference


def _classifier(run: Run) -> Subject:
    """Return a classifier as `convgan predict` asks it."""
    trained = TrainedClassifier(run)
    views = trained.config.train.evaluate_views
    height, width, channels = trained.network.input_shape[1:]
    # Large patches, half of them black: of mere noise a network can be sure, right or not.
    patches = np.random.default_rng(0).integers(-256, 256, (_TRIED, 4, 4, channels)).clip(0)
    images = enlarge(patches.astype(np.uint8), -(-max(height, width) // 4))[:, :height, :width]
    probabilities = trained.probabilities(images)
    unsure = probabilities.max(axis=1).argsort()[:_INPUTS]
    made = run.manifest.get("results") or {}
    found = read_evaluation(run)
    measured = isinstance(found, ClassifierEvaluation) and found.step == made.get("step")
    return Subject(
        run.folder / "model" / "classifier.safetensors",
        deployable_classifier(trained.network, temperature=trained.temperature, views=views),
        {"images": images[unsure]},
        probabilities[unsure],
        {
            "task": "classifier",
            "classes": trained.names,
            "temperature": trained.temperature,
            "views": views,
            "epoch": made.get("epoch"),
        },
        found if measured else None,
    )


def _generator(run: Run, which: Which | None) -> Subject:
    """Return a generator as `convgan generate` asks it."""
    trained = TrainedGenerator(run, which=which)
    network, given, checkpoint = trained.saved.network, trained.given, trained.checkpoint
    rng = np.random.default_rng(0)
    z = rng.normal(size=(_INPUTS, network.inputs[0].shape[-1]))
    inputs: dict[str, NDArray[Any]] = {"z": z.astype(np.float32)}
    if given:
        inputs["label"] = rng.integers(len(given.names), size=_INPUTS, dtype=np.int32)
    values = network(inputs_of(network, inputs["z"], inputs.get("label")), training=False)
    found = read_evaluation(run)
    measured = isinstance(found, GeneratorEvaluation) and found.checkpoint == checkpoint
    return Subject(
        trained.path,
        deployable_generator(network),
        inputs,
        (np.asarray(values, np.float64) + 1) * 127.5,
        {
            "task": "generator",
            "classes": given.names if given else (),
            "fractions": given.fractions if given else (),
            **checkpoint.model_dump(),
        },
        found if measured else None,
    )


def _difference(subject: Subject, run: Runner) -> float:
    """Return the largest difference between probabilities, or between values in [-1, 1].

    A generator's values are compared with those that are rounded to the grey levels which the file
    gives: 0 where each level is the nearest.
    """
    found = []
    for count in BATCHES:
        inputs = {name: values[:count] for name, values in subject.inputs.items()}
        [outputs] = map(np.asarray, run(inputs).values())
        expected = subject.expected[:count]
        if outputs.shape != expected.shape:
            return np.inf
        difference = np.abs(outputs - expected)
        if outputs.dtype == np.uint8:
            difference = np.maximum(difference - 0.5, 0) / 127.5
        found.append(difference.max())
    return float(np.max(found))


def _described(tensors: dict[str, keras.KerasTensor]) -> dict[str, dict[str, Any]]:
    return {
        name: {"dtype": each.dtype, "shape": ["N", *each.shape[1:]], "range": _RANGES[name]}
        for name, each in tensors.items()
    }


def _hashes(path: Path) -> dict[str, str]:
    """Return the SHA-256 of a file, or of each in a folder, by its path beside the card."""
    files = sorted(each for each in (path, *path.rglob("*")) if each.is_file())
    return {
        each.relative_to(path.parent).as_posix(): sha256(each.read_bytes()).hexdigest()
        for each in files
    }
