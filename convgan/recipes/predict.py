"""`convgan predict`: picture files to the classes that a trained classifier takes them for."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from convgan.config import ClassifierRunConfig
from convgan.data.folder import SUFFIXES
from convgan.data.preparation import prepare
from convgan.errors import DataError, UsageError
from convgan.evaluation.classification import kept_temperature
from convgan.evaluation.prediction import predict_logits
from convgan.models.network_file import read_network
from convgan.registry import DATASETS
from convgan.reporting import Table
from convgan.reporting.images import enlarge, save_png
from convgan.runs import Run

logger = logging.getLogger("convgan")

_AT_ONCE = 1000  # pictures in memory
_SHOWN = 8  # times larger is what the network saw


@dataclass(frozen=True)
class Prediction:
    """What a classifier says of one file."""

    file: str
    probabilities: dict[str, float]
    """Of each class, calibrated if the run has held-out pictures."""
    prepared: str
    """What was done to the picture, in words."""

    @property
    def likely(self) -> list[tuple[str, float]]:
        """Return the classes and their probabilities, the likeliest first."""
        return sorted(self.probabilities.items(), key=lambda item: -item[1])


class Reader:
    """A classifier run's network, ready for picture files.

    Raises:
        DataError: the run has no network yet, or a damaged one.
    """

    def __init__(self, run: Run) -> None:
        config = run.config()
        if not isinstance(config, ClassifierRunConfig):
            raise DataError(f"{run.folder}: run.json describes a classifier, config.yaml does not")
        self.network = read_network(run.folder / "model" / "classifier.safetensors").network
        self.config = config
        self.temperature = kept_temperature(run) or 1.0
        count = self.network.output_shape[-1]
        named = run.manifest.get("class_names") or DATASETS[config.data.name].class_names
        fits = isinstance(named, (list, tuple)) and len(named) == count
        self.names = [str(each) for each in named] if fits else [f"class {n}" for n in range(count)]

    def predict(
        self, files: Sequence[Path], show: Path | None
    ) -> tuple[list[Prediction], list[DataError]]:
        """Return what each file is taken for, and what is wrong with those that cannot be read.

        With `show`, what the network saw of each is written to that folder.
        """
        found: list[Prediction] = []
        wrong: list[DataError] = []
        for start in range(0, len(files), _AT_ONCE):
            images, kept = [], []
            for path in files[start : start + _AT_ONCE]:
                try:
                    shape = self.network.input_shape[1:]
                    image, words = prepare(path, shape, self.config.data.name)
                except DataError as error:
                    wrong.append(error)
                    continue
                images.append(image)
                kept.append((path, words))
                if show:
                    target = show / f"{len(found) + len(kept):04d}-{path.stem[:100]}.png"
                    save_png(target, enlarge(image, _SHOWN))
            likely = self.probabilities(np.stack(images)) if images else np.empty((0, 0))
            for (path, words), probabilities in zip(kept, likely, strict=True):
                by_name = dict(zip(self.names, map(float, probabilities), strict=True))
                found.append(Prediction(str(path), by_name, words))
        return found, wrong

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return each class's probability, (N, K), for images as in training, (N, H, W, C)."""
        mirrored = self.config.train.evaluate_mirrored
        logits = predict_logits(self.network, images, mirrored=mirrored)
        return np.asarray(softmax(logits.astype(np.float64) / self.temperature, axis=1))


def picture_files(given: Sequence[str]) -> list[Path]:
    """Return the files that paths, folders and patterns (`*.png`) name, each once.

    Of a folder, its pictures by their suffix, in subfolders too.

    Raises:
        UsageError: one of them names nothing.
    """
    files: dict[Path, None] = {}
    for each in given:
        try:
            path = Path(each).expanduser()
        except RuntimeError as error:  # no such ~user
            raise UsageError(f"there is no picture at {each}: {error}") from error
        if path.is_dir():
            inside = (file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
            found = sorted(file for file in inside if file.is_file())
        else:  # a file, or a pattern that the shell left as it is
            # Not Path.glob, which takes no absolute pattern.
            matching = glob(str(path), recursive=True)  # noqa: PTH207
            named = [path] if path.is_file() else map(Path, matching)
            found = sorted(file for file in named if file.is_file())
        if not found:
            raise UsageError(f"there is no picture at {each}: expected a file, folder or pattern")
        files.update(dict.fromkeys(found))
    return list(files)


def prediction_table(found: Sequence[Prediction], top: int) -> Table:
    """Return a row per file: the `top` likeliest classes, and how it was prepared."""
    shown = min(top, len(found[0].probabilities))
    head = ("file", "class", "probability", *("or", "probability") * (shown - 1), "seen")
    rows = [
        (
            each.file,
            *(word for name, p in each.likely[:shown] for word in (name, f"{100 * p:.1f} %")),
            each.prepared,
        )
        for each in found
    ]
    return Table("Predictions", head, rows)
