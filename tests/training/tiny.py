"""Tiny tasks and pictures for the tests."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from convgan.config import (
    ClassifierConfig,
    ClassifierTrainConfig,
    DiscriminatorConfig,
    GanTrainConfig,
    GeneratorConfig,
)
from convgan.data import ImageSet
from convgan.models.classifier import build_classifier
from convgan.models.dcgan import build_discriminator, build_generator
from convgan.training import GAN, ClassifierTask, build_optimizer

ADAM = {"name": "adam", "learning_rate": 0.01}
CLASSES = ("nought", "one", "two")


def pictures(count: int = 22, size: int = 8, seed: int = 0) -> ImageSet:
    """Noise with a bright bar, whose place is the class; asymmetric every way."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    images = rng.integers(0, 90, (count, size, size, 1), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label, : size - 3] += 150
    return ImageSet(images, labels, CLASSES, "tiny", "made for a test")


def classifier_train(**changes: Any) -> ClassifierTrainConfig:
    values = {"epochs": 2, "batch_size": 8, "optimizer": ADAM, "steps_per_call": 3}
    return ClassifierTrainConfig.model_validate(values | changes)


def gan_train(**changes: Any) -> GanTrainConfig:
    values: dict[str, Any] = {
        "epochs": 2,
        "batch_size": 8,
        "loss": "non_saturating",
        "generator_optimizer": ADAM,
        "discriminator_optimizer": ADAM,
        "steps_per_call": 3,
        "sample_grid": 2,
    }
    return GanTrainConfig.model_validate(values | changes)


def classifier_network(*, dropout: float = 0.0, norm: str = "batch") -> keras.Model:
    block = {"filters": 3, "stride": 2, "norm": norm, "dropout": dropout}
    model = ClassifierConfig.model_validate({"blocks": [block]})
    return build_classifier(model, (8, 8, 1), 3)


def classifier(
    *, shift: int = 0, dropout: float = 0.0, norm: str = "batch", **changes: Any
) -> ClassifierTask:
    """A compiled classifier, the same each time."""
    keras.utils.set_random_seed(4)
    config = classifier_train(**({"augment_shift": shift} | changes))
    task = ClassifierTask(classifier_network(dropout=dropout, norm=norm), config, seed=11)
    task.compile(build_optimizer(config.optimizer, "cosine", 20))
    return task


def gan_networks(*, generator_norm: str = "none", **critic: Any) -> tuple[keras.Model, keras.Model]:
    """Generator (5 latent numbers) and discriminator; `critic` changes its block."""
    projection = {"size": 4, "filters": 3, "norm": generator_norm, "activation": "tanh"}
    generator = GeneratorConfig.model_validate(
        {"latent_dim": 5, "projection": projection, "output": {"kernel": 3}}
    )
    block = {"filters": 4, "kernel": 3, "stride": 2, "activation": "leaky_relu"} | critic
    return (
        build_generator(generator, 1),
        build_discriminator(DiscriminatorConfig.model_validate({"blocks": [block]}), (8, 8, 1)),
    )


def dcgan(train: GanTrainConfig, *, generator_norm: str = "batch", **critic: Any) -> GAN:
    """A compiled DCGAN, the same each time."""
    keras.utils.set_random_seed(4)
    task = GAN(*gan_networks(generator_norm=generator_norm, **critic), train, seed=11)
    task.compile(
        build_optimizer(train.generator_optimizer, "cosine", 20),
        build_optimizer(train.discriminator_optimizer, "cosine", 20),
    )
    return task


def arrays(variables: Any) -> list[np.ndarray]:
    """Copies of the variables' values."""
    return [np.array(variable.numpy()) for variable in variables]


def everything(task: Any) -> list[np.ndarray]:
    """All that a training changes: networks, average, steps, dropout's seeds, optimizers."""
    return arrays([*task.variables, *(v for each in task.optimizers for v in each.variables)])
