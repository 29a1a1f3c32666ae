"""Floating-point operations of a training step for one picture, from the layers' arithmetic.

A backward pass costs twice a forward one: the gradients of the weights, and those of the inputs,
though first layers do not need these. Normalisation, activations, optimizers and penalties are not
counted.
"""

from __future__ import annotations

from convgan.config import ClassifierRunConfig, GanRunConfig
from convgan.models.layer_table import (
    Row,
    Shape,
    classifier_table,
    discriminator_table,
    generator_table,
)


def classifier_operations(config: ClassifierRunConfig, image_shape: Shape, num_classes: int) -> int:
    """Return the operations for one picture: forward, and backward for weights and inputs."""
    return 3 * _forward(classifier_table(config.model, image_shape, num_classes))


def gan_operations(config: GanRunConfig, image_shape: Shape, *, one_pass: bool = False) -> int:
    """Return the operations for one real and one generated picture.

    Simultaneous: G forward and backward; D forward and backward on both, and once more for the
    inputs' gradients of the generator's loss, unless one pass gives them. Alternating: G forward
    once more, and D forward on the new picture (and on the real one, for a relativistic loss).
    """
    generator = _forward(generator_table(config.generator, image_shape[-1]))
    discriminator = _forward(discriminator_table(config.discriminator, image_shape))
    if config.train.update == "alternating":
        return 4 * generator + (9 if config.train.loss == "relativistic" else 8) * discriminator
    return 3 * generator + (6 if one_pass else 7) * discriminator


def _forward(rows: list[Row]) -> int:
    return 2 * sum(row.multiply_adds for row in rows)
