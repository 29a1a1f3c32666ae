"""The pages' JavaScript engine against Keras: every preset's networks, every kind of layer."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import convgan.reporting
from convgan.config import load_config, presets
from convgan.config.kinds import CLASSIFIERS, DISCRIMINATORS, GENERATORS
from convgan.models.build import NetworkSpec, network_specs
from convgan.models.portable import base64_floats, portable

ENGINE = Path(convgan.reporting.__file__).parent / "pages" / "engine.js"
NODE = shutil.which("node")
RUN = """
const Engine = require(process.argv[1]);
const given = JSON.parse(require("fs").readFileSync(0));
const network = Engine.load(given.network);
const inputs = given.inputs.map(({shape, data}) => ({shape, data: Engine.floats(data)}));
const { last } = Engine.run(network, ...inputs);
console.log(JSON.stringify(Array.from(last.data)));
"""


def largest_difference(network: keras.Model) -> float:
    """Return how far the engine is from Keras, in parts of the largest output."""
    random = np.random.default_rng(3)
    for layer in network.layers:  # what is one or zero at the start would hide a mistake
        layer.set_weights(
            [
                np.abs(value) + random.uniform(0.5, 1.5, value.shape)
                if name.endswith(("variance", "gamma"))
                else value + random.normal(0, 0.1, value.shape) * (value.std() or 1)
                for value, name in zip(
                    layer.get_weights(), [w.path for w in layer.weights], strict=True
                )
            ]
        )
    inputs = [
        random.uniform(-1, 1, (1, *each.shape[1:])).astype("float32") for each in network.inputs
    ]
    given = {
        "network": portable(network),
        "inputs": [{"shape": each.shape[1:], "data": base64_floats(each)} for each in inputs],
    }
    assert NODE
    done = subprocess.run(
        [NODE, "-e", RUN, str(ENGINE)],
        input=json.dumps(given), capture_output=True, text=True, check=True,
    )  # fmt: skip
    wanted = np.asarray(network(inputs if len(inputs) > 1 else inputs[0], training=False)).ravel()
    found = np.array(json.loads(done.stdout))
    assert found.shape == wanted.shape
    assert np.abs(wanted).max() > 1e-3
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


@pytest.mark.skipif(NODE is None, reason="no Node here")
@pytest.mark.parametrize(
    "preset",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in {"dcgan-32", "dcgan-64"} else [])
        for name in sorted(presets())
    ],
)
def test_every_preset(preset: str) -> None:
    config = load_config(preset)
    size = config.data.image_size or 28
    specs = network_specs(config, (size, size, config.data.channels or 1), num_classes=10)
    for role, spec in specs.items():
        keras.utils.set_random_seed(1)
        assert largest_difference(spec.build()) < 1e-4, role


BLOCKS = [
    {"filters": 6, "kernel": 4, "stride": 3, "padding": 2, "norm": "group", "groups": 3},
    {"filters": 5, "kernel": 2, "padding": "valid", "norm": "instance", "activation": "elu"},
    {
        "filters": 8,
        "stride": 2,
        "downsample": "average_pool",
        "norm": "layer",
        "activation": "silu",
    },
    {"filters": 4, "stride": 2, "downsample": "max_pool", "norm": "batch", "activation": "selu"},
]
UPWARDS = [
    {"filters": 6, "kernel": 5, "stride": 3, "norm": "batch", "activation": "tanh"},
    {"filters": 4, "kernel": 4, "stride": 2, "padding": "valid", "activation": "leaky_relu"},
]
RESIDUAL = {"name": "resnet", "blocks": [{"filters": 6, "stride": 2}, {"filters": 6}]}
PROJECTED = {"latent_dim": 5, "projection": {"size": 3, "filters": 4}}
OTHERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "classifier": (
        CLASSIFIERS["classifier"],
        {"blocks": BLOCKS, "input_range": "[0, 1]", "flatten": "average"}
        | {"hidden": [{"units": 7, "norm": "batch"}]},
    ),
    "spectral norm": (
        DISCRIMINATORS["dcgan"],
        {"blocks": [{"filters": 6, "stride": 2, "spectral_norm": True}]}
        | {"output_spectral_norm": True},
    ),
    "generator": (GENERATORS["dcgan"], PROJECTED | {"blocks": UPWARDS, "output": {"kernel": 3}}),
    "residual generator": (GENERATORS["resnet"], PROJECTED | RESIDUAL),
    "residual generator, transposed": (
        GENERATORS["resnet"],
        PROJECTED | RESIDUAL | {"upsample": "transposed", "modulation": "latent"},
    ),
    "residual discriminator": (
        DISCRIMINATORS["resnet"],
        RESIDUAL | {"stem": {"filters": 16}, "spectral_norm": True},
    ),
}


@pytest.mark.skipif(NODE is None, reason="no Node here")
@pytest.mark.parametrize("kind", OTHERS)
def test_every_kind_of_layer(kind: str) -> None:
    section, settings = OTHERS[kind]
    classes = 4 if kind != "generator" else 0
    keras.utils.set_random_seed(1)
    network = NetworkSpec(section.model_validate(settings), (23, 19, 3), classes).build()
    assert largest_difference(network) < 1e-4
