"""A trained run in Python: its networks, its pictures, its answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from convgan.evaluation.generator import Which
from convgan.generation.trained import TrainedGenerator
from convgan.models.network_file import read_network
from convgan.recipes.predict import TrainedClassifier
from convgan.runs import find_run


class LoadedRun:
    """A run's folder, given by its path or its name in `outputs`.

    Raises:
        UsageError: there is no such run.
    """

    def __init__(self, path: str | Path, out: str | Path = "outputs") -> None:
        self.run = find_run(str(path), Path(out))

    def network(self, name: str) -> keras.Model:
        """Return a network of its `model/`: `classifier`, `generator`, `discriminator`, …

        A generator makes latent vectors (N, latent_dim) to images in [-1, 1], the others take such
        images and give logits; a conditional GAN's also take one-hot classes (N, K).

        Raises:
            DataError: the file is missing or damaged.
        """
        return read_network(self.run.folder / "model" / f"{name}.safetensors").network

    def generate(
        self,
        seeds: Sequence[int | Path],
        *,
        class_name: str | None = None,
        truncation: float | None = None,
        which: Which | None = None,
    ) -> NDArray[np.uint8]:
        """Return the pictures of seeds, (N, H, W, C), as `convgan generate` makes them.

        A path among them is that of an npz file of latent vectors.

        Raises:
            UsageError: the run has no such generator, or knows no such class.
        """
        generator = TrainedGenerator(
            self.run, seeds, class_name=class_name, truncation=truncation, which=which
        )
        return np.concatenate([images for _, images in generator.parts()])

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return each class's calibrated probability, (N, K), for images (N, H, W, C).

        Raises:
            DataError: the images have another shape than the network takes.
        """
        return TrainedClassifier(self.run).probabilities(images)
