"""`convgan predict`: picture files to the classes that a trained classifier takes them for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from convgan.config import ClassifierRunConfig
from convgan.data.picture_files import SUFFIXES
from convgan.data.preparation import prepare
from convgan.errors import DataError, UsageError
from convgan.evaluation.classification import kept_temperature
from convgan.evaluation.prediction import predict_logits
from convgan.models.network_file import read_network
from convgan.registry import DATASETS
from convgan.reporting.images import enlarge, save_png
from convgan.reporting.report import Table
from convgan.runs import Run

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


class TrainedClassifier:
    """A run's classifier, ready to be asked.

    Raises:
        DataError: the run has no network yet, or a damaged one.
    """

    def __init__(self, run: Run) -> None:
        self.config = run.config_of(ClassifierRunConfig)
        self.network = read_network(run.folder / "model" / "classifier.safetensors").network
        self.temperature = kept_temperature(run) or 1.0
        count = self.network.output_shape[-1]
        names = run.manifest.get("class_names") or DATASETS[self.config.data.name].class_names
        self.names = list(names) if len(names) == count else [f"class {n}" for n in range(count)]

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
                    image, words = prepare(path, shape, self.config.data)
                except DataError as error:
                    wrong.append(error)
                    continue
                images.append(image)
                kept.append((path, words))
                if show:
                    target = show / f"{len(found) + len(kept):04d}-{path.stem[:100]}.png"
                    save_png(target, enlarge(image, _SHOWN))
            if images:
                answers = self.probabilities(np.stack(images)).tolist()
                for (path, words), answer in zip(kept, answers, strict=True):
                    by_name = dict(zip(self.names, answer, strict=True))
                    found.append(Prediction(str(path), by_name, words))
        return found, wrong

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return each class's probability, (N, K), for images as in training, (N, H, W, C)."""
        logits = predict_logits(self.network, images, self.config.train.evaluate_views)
        return np.asarray(softmax(logits.astype(np.float64) / self.temperature, axis=1))


def picture_files(given: Sequence[str]) -> list[Path]:
    """Return the files that paths, folders and patterns (`*.png`) name, each once.

    Of a folder, its pictures by their suffix, in subfolders too.

    Raises:
        UsageError: one of them names nothing.
    """
    files: dict[Path, None] = {}
    for each in given:
        path = Path(os.path.expanduser(each))  # noqa: PTH111  which lets ~nobody be
        named = [path]
        if path.is_dir():
            named = [file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES]
        elif not path.exists():  # perhaps a pattern that the shell left as it is
            named = list(map(Path, glob(str(path), recursive=True)))  # noqa: PTH207
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
