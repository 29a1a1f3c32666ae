"""A network as plain numbers and words, for programs that have no Keras.

A list of operations in the order in which they are computed, each with the names of what it takes,
and one array of weights. What is constant after training is done here: a batch norm is a scale and
a shift per channel, a spectral norm a smaller kernel. `reporting/pages/engine.js` computes it.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, TypeAlias

import keras
import numpy as np
from numpy.typing import NDArray

from convgan.errors import UsageError

Layer: TypeAlias = Any  # keras.layers.Layer, which has no types
Arrays: TypeAlias = Sequence[NDArray[Any]]

_SETTINGS: dict[str, tuple[str, ...]] = {
    "Conv2D": ("strides", "padding"),
    "Conv2DTranspose": ("strides", "padding"),
    "Dense": ("activation",),
    "GroupNormalization": ("groups", "epsilon"),
    "Activation": ("activation",),
    "LeakyReLU": ("negative_slope",),
    "MaxPooling2D": ("pool_size",),
    "AveragePooling2D": ("pool_size",),
    "UpSampling2D": ("size",),
    "ZeroPadding2D": ("padding",),
    **dict.fromkeys(("BatchNormalization", "Rescaling", "Add", "Multiply", "Dot"), ()),
    **dict.fromkeys(("GlobalMaxPooling2D", "GlobalAveragePooling2D", "Concatenate"), ()),
    **dict.fromkeys(("Flatten", "Reshape", "Dropout"), ()),
}
"""Keras's layers that can be computed, and those of their settings that this needs."""


def portable(network: keras.Model) -> dict[str, Any]:
    """Return a network of Keras's and convgan's layers in values of JSON.

    `inputs` are the names of the first maps or vectors. Each of the `operations` has `op` (Keras's
    class), `name`, `inputs` (names), `shape` of what it gives for one picture, its own settings,
    and `weights`: [first, shape] of each array in the network's `weights`, by `base64_floats`.

    Raises:
        UsageError: it has a layer that is not known here.
    """
    operations, parts, first = [], [], 0
    for layer in network.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        plain, arrays = layer, layer.get_weights()
        if hasattr(layer, "as_keras"):
            plain, arrays = layer.as_keras()
        kind = type(plain).__name__
        if kind not in _SETTINGS:
            raise UsageError(
                f"the layer {layer.name} is a {kind}, expected one of {', '.join(_SETTINGS)}: this "
                "network cannot be shown in a browser"
            )
        spans = []
        for array in _constants(plain, arrays):
            spans.append([first, list(array.shape)])
            parts.append(array.ravel())
            first += array.size
        config = plain.get_config()
        inputs = layer.input if isinstance(layer.input, list | tuple) else [layer.input]
        operations.append(
            {
                "op": kind,
                "name": layer.name,
                "inputs": [_name(each) for each in inputs],
                "shape": layer.output.shape[1:],
                "weights": spans,
            }
            | {setting: config[setting] for setting in _SETTINGS[kind]}
        )
    return {
        "inputs": [_name(each) for each in network.inputs],
        "operations": operations,
        "weights": base64_floats(np.concatenate([np.empty(0), *parts])),
    }


def base64_floats(array: NDArray[Any]) -> str:
    """Return an array as text: float32 values, little-endian, in base64."""
    return base64.b64encode(np.asarray(array, "<f4").tobytes()).decode("ascii")


def _name(tensor: keras.KerasTensor) -> str:
    return str(tensor._keras_history.operation.name)


def _constants(layer: Layer, arrays: Arrays) -> Arrays:
    """Return the numbers that a trained layer computes with, of its weights."""
    if isinstance(layer, keras.layers.Dropout):
        return ()  # its weights are the state of its random numbers
    if isinstance(layer, keras.layers.Conv2DTranspose):
        kernel, *bias = arrays
        return kernel.transpose(0, 1, 3, 2), *bias  # (H, W, in, out), as a convolution's
    if isinstance(layer, keras.layers.Rescaling):
        return np.array([layer.scale]), np.array([layer.offset])
    if isinstance(layer, keras.layers.BatchNormalization):
        *own, mean, variance = arrays
        gamma = own.pop(0) if layer.scale else 1.0
        beta = own.pop(0) if layer.center else 0.0
        scale = gamma / np.sqrt(np.asarray(variance, np.float64) + layer.epsilon)
        return scale, beta - mean * scale
    return arrays
