"""Floating-point operations of a training step for one image, from the layers' arithmetic.

A backward pass costs twice a forward one: the gradients of the weights, and those of the inputs,
though first layers do not need these. Normalisation, activations, optimizers and penalties are not
counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convgan.config import GanTrainConfig
from convgan.models.build import Role
from convgan.models.layer_table import Row

Tables = Mapping[Role, Sequence[Row]]
"""As `check_networks` returns them."""


def classifier_operations(tables: Tables) -> int:
    """Return the operations for one image: forward, and backward for weights and inputs."""
    return 3 * _forward(tables["classifier"])


def gan_operations(tables: Tables, train: GanTrainConfig, *, one_pass: bool = False) -> float:
    """Return the operations for one real and one generated image.

    Simultaneous: G forward and backward; D forward and backward on both, and once more for the
    inputs' gradients of the generator's loss, unless one pass gives them. Alternating: G forward
    and D on both; and every `critic_steps` steps G forward and backward, through D on the new
    image, and D forward on the real one for a loss that looks at it.
    """
    g, d = _forward(tables["generator"]), _forward(tables["discriminator"])
    if train.update == "alternating":
        generator_step = 3 * g + (3 if train.loss.paired else 2) * d
        return g + 6 * d + generator_step / train.critic_steps
    return 3 * g + (6 if one_pass else 7) * d


def _forward(rows: Sequence[Row]) -> int:
    return 2 * sum(row.multiply_adds for row in rows)
