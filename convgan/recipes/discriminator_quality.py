"""What a discriminator has learned: a linear SVM on its features, on raw pixels, and untrained.

Radford, Metz and Chintala, 2016, section 5.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from convgan.config import GanRunConfig
from convgan.data import Dataset
from convgan.errors import UsageError
from convgan.evaluation import discriminator_features, evaluate_linear_svm, load_network
from convgan.runs import Run

SVM_PICTURES = 10_000
"""Training pictures that the SVM learns from, or is given few labels of."""
SVM_DRAWS = 10
"""Draws of few labels."""


def measure_discriminator(
    run: Run, config: GanRunConfig, dataset: Dataset, labels: int | None, *, seed: int
) -> dict[str, Any]:
    """Return test accuracies of SVMs on three kinds of features; `labels`: the few-label form."""
    pool = np.random.default_rng(seed).permutation(len(dataset.train))
    train, test = dataset.train.take(pool[: max(SVM_PICTURES, labels or 0)]), dataset.test
    keras.utils.set_random_seed(config.seed)
    networks = {
        "trained": load_network(run.folder / "model" / "discriminator.safetensors"),
        "untrained": config.discriminator.build(train.image_shape),
    }

    def accuracy(train_features: Any, test_features: Any) -> dict[str, Any]:
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
    return numbers | {"pixels": accuracy(_flat(train.images), _flat(test.images))}


def _flat(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
