"""A configuration's task: its networks with their optimizers and their step."""

from __future__ import annotations

from convgan.config import ClassifierRunConfig, GanRunConfig
from convgan.config.kinds import ImageShape
from convgan.models.build import network_specs
from convgan.training.classifier import ClassifierTask
from convgan.training.gan import GAN
from convgan.training.loop import total_steps


def build_classifier_task(
    config: ClassifierRunConfig, image_shape: ImageShape, num_classes: int, *, count: int
) -> ClassifierTask:
    """Build the network and, for a training with `count` images, its optimizer."""
    specs = network_specs(config, image_shape, num_classes)
    return ClassifierTask(
        specs["classifier"].build(),
        config.train,
        total_steps=total_steps(config.train, count),
        seed=config.seed,
    )


def build_gan(
    config: GanRunConfig, image_shape: ImageShape, num_classes: int, *, count: int
) -> GAN:
    """Build both networks and, for a training with `count` images, their optimizers."""
    specs = network_specs(config, image_shape, num_classes)
    generator, discriminator = specs["generator"].build(), specs["discriminator"].build()
    return GAN(
        generator,
        discriminator,
        config.train,
        total_steps=total_steps(config.train, count),
        ema=specs["generator"].build() if config.train.ema_decay else None,
        seed=config.seed,
    )
