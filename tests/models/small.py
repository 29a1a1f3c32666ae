"""Small networks of each kind, asymmetric in every size, for the tests of networks."""

from __future__ import annotations

from typing import Any, get_args

import keras
import numpy as np

from convgan.config.kinds import CLASSIFIERS, DISCRIMINATORS, GENERATORS, ImageShape
from convgan.models.build import NetworkSpec, Role
from tests.test_contracts import SMALLEST

SHAPE = (8, 6, 3)
SQUARE = (8, 8, 3)
CLASSES = 4

BLOCK: dict[str, Any] = {"filters": 3, "stride": 2, "activation": "leaky_relu"}
RESIDUAL: dict[str, Any] = {
    "name": "resnet",
    "stem": {"filters": 16},
    "blocks": [{"filters": 16}, {"filters": 6, "stride": 2}],
}


def generator(*, shape: ImageShape = SQUARE, **section: Any) -> keras.Model:
    """Build a generator from its section."""
    return spec("generator", shape, section).build()


def discriminator(*, shape: ImageShape = SHAPE, **section: Any) -> keras.Model:
    """Build a discriminator from its section."""
    return spec("discriminator", shape, section).build()


def classifier(*, shape: ImageShape = SHAPE, **section: Any) -> keras.Model:
    """Build a classifier of four classes from its section."""
    return spec("classifier", shape, section).build()


def spec(role: Role, shape: ImageShape, section: dict[str, Any], *, given: int = 0) -> NetworkSpec:
    """Return what a network is built from, of the section's name or the role's default one.

    A GAN's network is given so many classes.
    """
    name = section.get("name", "classifier" if role == "classifier" else "dcgan")
    if role == "generator":
        return NetworkSpec(GENERATORS[name].model_validate(section), shape, given)
    if role == "discriminator":
        return NetworkSpec(DISCRIMINATORS[name].model_validate(section), shape, given)
    return NetworkSpec(CLASSIFIERS[name].model_validate(section), shape, CLASSES)


GENERATOR: dict[str, Any] = {
    "latent_dim": 7,
    "projection": {"size": 2, "filters": 6},
    "blocks": [{"filters": 4, "stride": 2, "norm": "batch", "activation": "selu", "dropout": 0.2}],
    "output": {"kernel": 3},
}
RESNET_GENERATOR: dict[str, Any] = {
    "name": "resnet",
    "latent_dim": 5,
    "projection": {"size": 2, "filters": 6},
    "blocks": [{"filters": 6, "stride": 2}, {"filters": 4, "stride": 2, "dropout": 0.1}],
}

# What no smallest network of tests/test_contracts.py has.
_VARIANTS: dict[str, tuple[Role, ImageShape, dict[str, Any]]] = {
    "nearest generator": (
        "generator",
        SQUARE,
        GENERATOR
        | {"modulation": "latent"}
        | {"blocks": [GENERATOR["blocks"][0] | {"upsample": "nearest", "residual_units": 1}]},
    ),
    "batch norm": (
        "discriminator",
        SHAPE,
        {"blocks": [BLOCK | {"padding": 1, "dropout": 0.1, "norm": "batch"}]},
    ),
    "spectral norm": (
        "discriminator",
        SHAPE,
        {
            "blocks": [BLOCK | {"spectral_norm": True}, BLOCK | {"use_bias": False}],
            "output_spectral_norm": True,
        },
    ),
    "group norm": (
        "discriminator",
        SHAPE,
        {
            "blocks": [
                BLOCK | {"filters": 6, "norm": "group", "groups": 2, "downsample": "max_pool"},
                BLOCK | {"norm": "layer"},
                BLOCK | {"norm": "instance", "stride": 1},
            ]
        },
    ),
    "residual spectral norm": ("discriminator", SHAPE, RESIDUAL | {"spectral_norm": True}),
    "hidden layer": (
        "classifier",
        SHAPE,
        {
            "input_range": "[0, 1]",
            "blocks": [BLOCK | {"norm": "batch", "downsample": "average_pool"}],
            "hidden": [{"units": 5, "norm": "batch", "dropout": 0.5, "activation": "elu"}],
        },
    ),
    "average": ("classifier", SHAPE, {"blocks": [BLOCK], "flatten": "average"}),
}
REGISTERED: dict[str, tuple[Role, NetworkSpec]] = {
    f"{role} {name}": (role, spec(role, SQUARE, {"name": name} | section))
    for role in get_args(Role)
    for name, section in SMALLEST[role].items()
}
CONDITIONAL: dict[str, tuple[Role, NetworkSpec]] = {
    f"conditional {role} {name}": (role, spec(role, SQUARE, {"name": name} | section, given=3))
    for role in ("generator", "discriminator")
    for name, section in SMALLEST[role].items()
}
NETWORKS = (
    REGISTERED
    | CONDITIONAL
    | {
        name: (role, spec(role, shape, section))
        for name, (role, shape, section) in _VARIANTS.items()
    }
)
"""By a name for the test: what it is, and what it is built from."""


def randomise(network: keras.Model, seed: int = 0) -> None:
    """Give all weights values that no initial weight has, variances positive ones."""
    rng = np.random.default_rng(seed)
    for weight in network.weights:
        if weight.dtype != "float32":  # a seed of dropout
            continue
        values = 0.4 * rng.normal(size=weight.shape)
        if any(name in weight.path for name in ("variance", "gamma")):
            values = 0.5 + np.abs(values)
        weight.assign(values)


def inputs_of(network: keras.Model, count: int = 5, seed: int = 1) -> Any:
    """Return inputs that the network takes: in [-1, 1], and classes if it is given any."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (count, *network.inputs[0].shape[1:])).astype(np.float32)
    if len(network.inputs) == 1:
        return x
    return [x, np.eye(network.inputs[1].shape[-1], dtype=np.float32)[np.arange(count) % 3]]
