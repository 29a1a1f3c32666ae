"""Tiny tasks and pictures for the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, TypeVar

import keras
import numpy as np
from numpy.typing import NDArray

from convgan.config import ClassifierTrainConfig, GanTrainConfig, RuntimeConfig
from convgan.config.kinds import CLASSIFIERS, DISCRIMINATORS, GENERATORS
from convgan.data import ImageSet
from convgan.models.build import NetworkSpec, Role
from convgan.training.classifier import ClassifierTask
from convgan.training.gan import GAN
from convgan.training.task import Task
from tests.test_contracts import SMALLEST

ADAM = {"name": "adam", "learning_rate": 0.01}
CLASSES = ("nought", "one", "two")
SHAPE = (8, 8, 1)
TOTAL_STEPS = 20

Array = NDArray[Any]
MadeTask = TypeVar("MadeTask", bound=Task)


def pictures(count: int = 22, size: int = 8, seed: int = 0) -> ImageSet:
    """Noise with a bright bar, whose row is the class; asymmetric every way."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    images = rng.integers(0, 90, (count, size, size, 1), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label, : size - 3] += 150
    return ImageSet(images, labels, CLASSES, "tiny", "made for a test")


def runtime(**changes: Any) -> RuntimeConfig:
    return RuntimeConfig.model_validate({"steps_per_call": 3} | changes)


def classifier_train(**changes: Any) -> ClassifierTrainConfig:
    values = {"epochs": 2, "batch_size": 8, "optimizer": ADAM, "schedule": "cosine"}
    return ClassifierTrainConfig.model_validate(values | changes)


def gan_train(**changes: Any) -> GanTrainConfig:
    values: dict[str, Any] = {
        "epochs": 2,
        "batch_size": 8,
        "loss": "non_saturating",
        "generator_optimizer": ADAM,
        "discriminator_optimizer": ADAM,
        "schedule": "cosine",
        "sample_grid": 2,
    }
    return GanTrainConfig.model_validate(values | changes)


def classifier_spec(*, dropout: float = 0.0, norm: str = "batch") -> NetworkSpec:
    block = {"filters": 3, "stride": 2, "norm": norm, "dropout": dropout}
    section = CLASSIFIERS["classifier"].model_validate({"blocks": [block]})
    return NetworkSpec(section, SHAPE, 3)


def classifier(
    *, shift: int = 0, dropout: float = 0.0, norm: str = "batch", **changes: Any
) -> ClassifierTask:
    """A classifier, the same each time."""
    keras.utils.set_random_seed(4)
    moved = [{"name": "shift", "pixels": shift}] if shift else []
    config = classifier_train(**({"augmentations": moved} | changes))
    network = classifier_spec(dropout=dropout, norm=norm).build()
    fractions = np.array([0.5, 0.3, 0.2])
    return ClassifierTask(
        network, config, total_steps=TOTAL_STEPS, class_fractions=fractions, seed=11
    )


def gan_specs(
    *, generator: str = "", generator_norm: str = "none", **critic: Any
) -> Mapping[Role, NetworkSpec]:
    """Generator (5 latent numbers) and discriminator; `critic` changes its block.

    `generator` is another registered generator, and `name` in `critic` another discriminator.
    """
    projection = {"size": 4, "filters": 3, "norm": generator_norm, "activation": "tanh"}
    made: dict[str, Any] = {"latent_dim": 5, "projection": projection, "output": {"kernel": 3}}
    if generator:
        made = SMALLEST["generator"][generator] | {"name": generator}
    if "name" in critic:
        judge = SMALLEST["discriminator"][critic["name"]] | critic
    else:
        block = {"filters": 4, "kernel": 3, "stride": 2, "activation": "leaky_relu"} | critic
        judge = {"name": "dcgan", "blocks": [block]}
    return {
        "generator": NetworkSpec(GENERATORS[generator or "dcgan"].model_validate(made), SHAPE, 0),
        "discriminator": NetworkSpec(DISCRIMINATORS[judge["name"]].model_validate(judge), SHAPE, 0),
    }


def dcgan(
    train: GanTrainConfig,
    *,
    generator: str = "",
    generator_norm: str = "batch",
    seed: int = 11,
    total_steps: int = TOTAL_STEPS,
    **critic: Any,
) -> GAN:
    """A GAN, the same each time."""
    keras.utils.set_random_seed(4)
    specs = gan_specs(generator=generator, generator_norm=generator_norm, **critic)
    return GAN(
        specs["generator"].build(),
        specs["discriminator"].build(),
        train,
        total_steps=total_steps,
        ema=specs["generator"].build() if train.ema_decay else None,
        seed=seed,
    )


def arrays(variables: Iterable[Any]) -> list[Array]:
    """Copies of the variables' values."""
    return [np.array(variable.numpy()) for variable in variables]


def variables(task: Task) -> list[Any]:
    """All that a training changes: networks, average, steps, dropout's seeds, optimizers, p."""
    parts = (*task.networks.values(), *task.optimizers.values())
    each = [variable for part in parts for variable in part.variables]
    return [task.step, task.rollbacks, *each, *task.extra_variables.values()]


def everything(task: Task) -> list[Array]:
    """The values of all that a training changes."""
    return arrays(variables(task))


def differing(found: list[Array], expected: list[Array]) -> list[int]:
    """At which of the arrays two trainings differ, by a bit."""
    pairs = zip(found, expected, strict=True)
    return [index for index, (a, b) in enumerate(pairs) if not np.array_equal(a, b)]


def start_again(task: Task, values: list[Array]) -> None:
    """Give a task the values of `everything`, as of one that is new."""
    for variable, value in zip(variables(task), values, strict=True):
        variable.assign(value)


def reused(make: Callable[[str], MadeTask]) -> Callable[[str], MadeTask]:
    """Make the task of each case only once, and give it the values of a new one each time.

    To trace a new object takes longer than all else in a test. That another object goes on as well
    is in test_state, and another process in tests/soak.
    """

    @cache
    def first(case: str) -> tuple[MadeTask, list[Array]]:
        task = make(case)
        return task, everything(task)

    def again(case: str) -> MadeTask:
        task, values = first(case)
        start_again(task, values)
        return task

    return again
