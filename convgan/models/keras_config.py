"""What config.json in a `.keras` file may say, and how large the network is that it describes.

Keras builds what stands there before it looks at a weight: a layer of 10^9 units would be
allocated. So the layers are walked here first, one after the other as in all of convgan's
networks, with the arithmetic of their sizes. Nothing else may stand there: no other class, no
function by its name, no setting that is not known.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from convgan.errors import DataError
from convgan.models.keras_layers import COMMON, HARMLESS, LAYERS, Settings, Shape

MAX_LAYERS = 300
"""Keras needs about ten milliseconds for each."""
MAX_VALUES = 1 << 26
"""The most numbers that a layer may give for one picture: 64 channels of 1024×1024 pixels."""

_MODULES = {"Functional": "keras.src.models.functional", "Sequential": "keras"}
_MODEL_KEYS = {
    "Functional": {"name", "trainable", "layers", "input_layers", "output_layers"},
    "Sequential": {"name", "trainable", "layers", "dtype", "build_input_shape"},
}
_OBJECT_KEYS = {"module", "class_name", "config", "registered_name", "build_config"}


def count_parameters(tree: Any) -> int:
    """Check a network's description; return how many parameters Keras allocates for it.

    Keras makes a layer's variables from its settings and its `build_config`. The count is made
    from the same settings and from the shape that the layer before gives, which `build_config`
    must repeat. A setting that convgan's networks do not need must be null, a boolean or
    a number less than 2, and so can make nothing much larger.

    Raises:
        DataError: this is no chain of the layers that convgan builds, or one gives too much.
    """
    if not isinstance(tree, dict) or tree.get("class_name") not in tuple(_MODULES):
        raise DataError(f"config.json describes no model of {' or '.join(_MODULES)}")
    kind = tree["class_name"]
    _check_object(tree, _MODULES[kind], {"compile_config"})
    _check_keys(tree["config"], _MODEL_KEYS[kind], kind)
    layers = tree["config"].get("layers")
    if not isinstance(layers, list) or not 2 <= len(layers) <= MAX_LAYERS:
        raise DataError(f"{kind} has no list of 2 to {MAX_LAYERS} layers")
    parameters = 0
    shape: Shape = ()
    before = ""
    for layer in layers:
        given = shape
        shape, own = _measure(layer, given)
        parameters += own
        if kind == "Functional":
            _check_call(layer, before, given)
        before = layer["config"]["name"]
    return parameters


def _measure(layer: Any, shape: Shape) -> tuple[Shape, int]:
    """Check one layer; return what it makes of `shape`, and its parameters."""
    name = layer.get("class_name") if isinstance(layer, dict) else None
    if name not in tuple(LAYERS):
        raise DataError(f"a layer is {name!r:.80}, expected one of {', '.join(LAYERS)}")
    if (name == "InputLayer") == bool(shape):
        raise DataError("the first layer, and no other, must be an InputLayer")
    _check_object(layer, "keras.layers", {"name", "inbound_nodes"})
    patterns = COMMON | LAYERS[name].patterns
    config = layer["config"]
    for key in sorted(patterns.keys() | config.keys()):
        text = json.dumps(config.get(key), sort_keys=True)
        if not re.fullmatch(patterns.get(key, HARMLESS), text, re.ASCII):
            raise DataError(f"{name} has {key!r:.80}: {text:.200}")
    try:
        made, parameters = LAYERS[name].measure(config, shape)
        if name == "SpectralNormalization":  # one vector beside the layer that it holds
            made, parameters = _measure(config["layer"], shape)
            parameters += made[-1]
    except ValueError as error:
        raise DataError(f"{name} cannot take {shape}: {error}") from error
    if math.prod(made) > MAX_VALUES:
        raise DataError(f"{name} gives {made}, which is more than {MAX_VALUES:,} numbers")
    built = layer.get("build_config")
    if built != {"input_shape": [None, *shape]} and (parameters or built is not None):
        raise DataError(f"{name} was built for {built!r:.80}, but is given {shape}")
    return made, parameters


def _check_object(item: Settings, module: str, more_keys: set[str]) -> None:
    name = item["class_name"]
    if item.get("module") != module or item.get("registered_name") not in (None, name):
        raise DataError(f"{name} is of {item.get('module')!r:.80}, expected {module}")
    if not isinstance(item.get("config"), dict):
        raise DataError(f"{name} has no settings")
    _check_keys(item, _OBJECT_KEYS | more_keys, name)


def _check_keys(found: Settings, known: set[str], name: str) -> None:
    if unknown := sorted(found.keys() - known):
        raise DataError(f"{name} has {unknown[0]!r:.80}, which Keras does not write")


def _check_call(layer: Settings, before: str, shape: Shape) -> None:
    """Check that a layer is called once, on what the layer before it gives."""
    calls: list[Any] = [
        [{"args": [{"class_name": "__keras_tensor__", "config": tensor}], "kwargs": options}]
        for tensor in (
            {"shape": [None, *shape], "dtype": dtype, "keras_history": [before, 0, 0]}
            for dtype in ("float32", "bfloat16")
        )
        for options in ({}, {"mask": None}, {"training": False})
    ]
    name = layer["config"]["name"]
    if layer.get("inbound_nodes") not in (calls if before else [[]]) or layer.get("name") != name:
        raise DataError(f"{name} must be called once, on what {before or 'no layer'} gives")
