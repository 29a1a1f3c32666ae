"""A network as plain numbers and words, for programs that have no Keras.

A list of operations in the order in which they are computed, each with the names of what it takes,
and one array of float32 weights. What is constant after training is done here: a batch norm is a
scale and a shift per channel, a spectral norm a smaller kernel, dropout is nothing.
`reporting/pages/engine.js` computes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import keras
import numpy as np
from numpy.typing import NDArray

from convgan.errors import UsageError

Layer: TypeAlias = Any  # keras.layers.Layer, which has no types
Arrays: TypeAlias = Sequence[NDArray[Any]]


@dataclass
class PortableNetwork:
    """The operations of a network and their weights."""

    inputs: list[str]
    """Names of the first maps or vectors."""
    operations: list[dict[str, Any]] = field(default_factory=list)
    """Each has `op`, `name`, `inputs` (names), `shape` of what it gives for one picture, its own
    settings, and `weights`: [first, shape] of each array in `weights`."""
    weights: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))


def portable(network: keras.Model) -> PortableNetwork:
    """Return a network of Keras's and convgan's layers as plain operations.

    Raises:
        UsageError: it has a layer that is not known here.
    """
    made = PortableNetwork([tensor._keras_history.operation.name for tensor in network.inputs])
    parts: list[NDArray[Any]] = []
    first = 0
    for layer in network.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        settings, arrays = _translate(layer)
        places = []
        for array in arrays:
            places.append([first, list(array.shape)])
            parts.append(np.asarray(array, np.float32).ravel())
            first += array.size
        inputs = layer.input if isinstance(layer.input, list | tuple) else [layer.input]
        made.operations.append(
            settings
            | {
                "name": layer.name,
                "inputs": [each._keras_history.operation.name for each in inputs],
                "shape": [int(size) for size in layer.output.shape[1:]],
                "weights": places,
            }
        )
    made.weights = np.concatenate(parts) if parts else made.weights
    return made


def _translate(layer: Layer) -> tuple[dict[str, Any], Arrays]:
    """Return a layer's operation with its settings, and its weights."""
    arrays = layer.get_weights()
    if type(layer).__name__ == "SpectralNorm":
        layer, arrays = layer.as_keras()
    kind = type(layer).__name__
    if kind not in _OPERATIONS:
        raise UsageError(
            f"the layer {layer.name} is a {kind}, expected one of {', '.join(_OPERATIONS)}: this "
            "network cannot be shown in a browser"
        )
    constants = _WEIGHTS.get(kind)
    return _OPERATIONS[kind](layer), constants(layer, arrays) if constants else arrays


def _conv(op: str) -> Callable[[Layer], dict[str, Any]]:
    return lambda layer: {"op": op, "stride": layer.strides[0], "padding": layer.padding}


def _activation_of(layer: Layer) -> str:
    return str(layer.get_config()["activation"])


_OPERATIONS: dict[str, Callable[[Layer], dict[str, Any]]] = {
    "Conv2D": _conv("conv"),
    "Conv2DTranspose": _conv("transposed"),
    "Dense": lambda layer: {"op": "dense", "activation": _activation_of(layer)},
    "BatchNormalization": lambda _: {"op": "affine"},
    "BatchNorm": lambda _: {"op": "affine"},
    "Rescaling": lambda _: {"op": "affine"},
    "GroupNorm": lambda layer: {
        "op": "group_norm",
        "groups": layer.groups,
        "epsilon": layer.epsilon,
    },
    "Activation": lambda layer: {"op": "activation", "kind": _activation_of(layer)},
    "LeakyReLU": lambda layer: {
        "op": "activation",
        "kind": "leaky_relu",
        "slope": float(layer.negative_slope),
    },
    "MaxPooling2D": lambda layer: {"op": "pool", "kind": "maximum", "size": layer.pool_size[0]},
    "AveragePooling2D": lambda layer: {"op": "pool", "kind": "average", "size": layer.pool_size[0]},
    "GlobalMaxPooling2D": lambda _: {"op": "over_image", "kind": "maximum"},
    "GlobalAveragePooling2D": lambda _: {"op": "over_image", "kind": "average"},
    "UpSampling2D": lambda layer: {"op": "repeat", "factor": layer.size[0]},
    "ZeroPadding2D": lambda layer: {"op": "pad", "pixels": layer.padding[0][0]},
    "Flatten": lambda _: {"op": "reshape"},
    "Reshape": lambda _: {"op": "reshape"},
    "Dropout": lambda _: {"op": "reshape"},
    "Concatenate": lambda _: {"op": "concatenate"},
    "Add": lambda _: {"op": "add"},
    "Multiply": lambda _: {"op": "multiply"},
    "Dot": lambda _: {"op": "dot"},
}


def _scale_and_shift(layer: Layer, arrays: Arrays) -> Arrays:
    """Return what a batch norm does after training: x · γ/√(σ² + ε) + β − μ · γ/√(σ² + ε)."""
    *own, mean, variance = arrays
    gamma = own.pop(0) if layer.scale else 1.0
    beta = own.pop(0) if layer.center else 0.0
    scale = gamma / np.sqrt(np.asarray(variance, np.float64) + layer.epsilon)
    return scale, beta - mean * scale


_WEIGHTS: dict[str, Callable[[Layer, Arrays], Arrays]] = {
    # (H, W, out, in) to (H, W, in, out), as a convolution's
    "Conv2DTranspose": lambda _, arrays: [arrays[0].transpose(0, 1, 3, 2), *arrays[1:]],
    "BatchNormalization": _scale_and_shift,
    "BatchNorm": _scale_and_shift,
    "Rescaling": lambda layer, _: [np.array([layer.scale]), np.array([layer.offset])],
    "Dropout": lambda *_: (),  # the state of its random numbers
}
