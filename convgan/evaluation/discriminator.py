"""What a discriminator has learned: a linear SVM on its features, on raw pixels, and untrained.

Radford, Metz and Chintala, 2016, section 5.
"""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from convgan.config import GanRunConfig
from convgan.data import Dataset
from convgan.errors import UsageError
from convgan.evaluation.discriminator_features import discriminator_features
from convgan.evaluation.linear_svm import evaluate_linear_svm
from convgan.evaluation.prediction import load_network
from convgan.runs import Run
from convgan.runs.evaluations import DiscriminatorResult, SvmResult

Values = NDArray[np.float32]
SVM_IMAGES = 10_000
"""Training images that the SVM learns from, or is given few labels of."""
SVM_DRAWS = 10
"""Draws of few labels."""


def measure_discriminator(
    run: Run, config: GanRunConfig, dataset: Dataset, labels: int | None, *, seed: int
) -> DiscriminatorResult:
    """Return test accuracies of SVMs on three kinds of features; `labels`: the few-label form."""
    pool = np.random.default_rng(seed).permutation(len(dataset.train))
    train, test = dataset.train.take(pool[: max(SVM_IMAGES, labels or 0)]), dataset.test
    keras.utils.set_random_seed(config.seed)
    networks: dict[str, keras.Model] = {
        "trained": load_network(run.folder / "model" / "discriminator.safetensors"),
        "untrained": config.discriminator.build(train.image_shape),
    }

    def accuracy(train_features: Values, test_features: Values) -> SvmResult:
        if train.labels is None or test.labels is None:
            raise UsageError(f"{train.origin} has no classes, and an SVM needs them")
        return evaluate_linear_svm(
            train_features,
            train.labels,
            test_features,
            test.labels,
            seed=seed,
            labels=labels,
            draws=SVM_DRAWS,
        )

    numbers = {
        name: accuracy(
            discriminator_features(network, train.images),
            discriminator_features(network, test.images),
        )
        for name, network in networks.items()
    }
    pixels = accuracy(_flat(train.images), _flat(test.images))
    return DiscriminatorResult(**numbers, pixels=pixels)


def _flat(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
