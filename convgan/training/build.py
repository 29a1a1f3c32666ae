"""A configuration's task: its networks with their optimizers and their step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convgan.config import ClassifierRunConfig, GanRunConfig
from convgan.config.kinds import ImageShape
from convgan.models.build import network_specs
from convgan.training.classifier import ClassifierTask
from convgan.training.gan import GAN
from convgan.training.loop import total_steps


def build_classifier_task(
    config: ClassifierRunConfig,
    image_shape: ImageShape,
    num_classes: int,
    *,
    count: int,
    class_fractions: NDArray[np.float64] | None = None,
) -> ClassifierTask:
    """Build the network and, for a training with `count` images, its optimizer.

    The fractions (K,) that the classes have of the images are for `train.class_weights`.
    """
    specs = network_specs(config, image_shape, num_classes)
    return ClassifierTask(
        specs["classifier"].build(),
        config.train,
        total_steps=total_steps(config.train, count),
        class_fractions=class_fractions,
        seed=config.seed,
    )


def build_gan(
    config: GanRunConfig,
    image_shape: ImageShape,
    num_classes: int,
    *,
    count: int,
    class_fractions: NDArray[np.float64] | None = None,
) -> GAN:
    """Build both networks and, for a training with `count` images, their optimizers.

    A conditional GAN draws its samples' classes by these fractions (K,), or all as often.
    """
    specs = network_specs(config, image_shape, num_classes)
    if class_fractions is None:
        class_fractions = np.full(num_classes, 1 / max(num_classes, 1))
    generator, discriminator = specs["generator"].build(), specs["discriminator"].build()
    return GAN(
        generator,
        discriminator,
        config.train,
        total_steps=total_steps(config.train, count),
        ema=specs["generator"].build() if config.train.ema_decay else None,
        class_fractions=class_fractions if config.conditional else None,
        seed=config.seed,
    )
