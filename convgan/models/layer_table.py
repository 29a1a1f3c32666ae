"""A network layer by layer: sizes, parameters, costs, receptive fields, from its built graph.

Activation, dropout and padding change none of these numbers and have no rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any, TypeAlias

import keras

from convgan.models.conv_arithmetic import ReceptiveField, conv_multiply_adds
from convgan.models.functional import conv_title

Layer: TypeAlias = Any  # keras.layers.Layer, which has no types
Shape: TypeAlias = tuple[int, ...]
"""(H, W, C) or (values,), without the batch."""
Fields: TypeAlias = tuple[ReceptiveField, ReceptiveField] | None
"""What one value sees along the axes; None in a generator, where it is the whole latent vector."""


@dataclass(frozen=True)
class Row:
    """One layer, for one image."""

    name: str
    output_shape: Shape
    parameters: int = 0
    """All of them, those that do not train included."""
    non_trainable: int = 0
    multiply_adds: int = 0
    """Of convolutions and dense layers; normalisation and pooling are small beside them."""
    receptive_field: tuple[int, int] | None = None
    """(height, width) in pixels of the image, padding included, so it can exceed the image; None
    in a generator."""


@dataclass(frozen=True)
class _Described:
    """What a layer is called, does to the receptive field, and costs."""

    name: str
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    multiply_adds: int = 0


def layer_table(network: keras.Model) -> list[Row]:
    """Return the rows of a network, branches included, in the order of its layers.

    Where branches meet, a value sees what it sees through any of them.
    """
    rows: list[Row] = []
    fields: dict[int, Fields] = {}
    for layer in network.layers:
        if isinstance(layer, keras.layers.InputLayer):
            pair = ReceptiveField(), ReceptiveField()
            seen: Fields = pair if len(layer.output.shape) == 4 else None
        else:
            seen = reduce(
                _wider, (fields[id(tensor)] for tensor in keras.tree.flatten(layer.input))
            )
        if described := _describe(layer):
            seen = seen and _through(seen, described.kernel, described.stride)
            rows += _rows(layer, described, seen)
        fields[id(layer.output)] = seen
    return rows


def _rows(layer: Layer, described: _Described, fields: Fields) -> list[Row]:
    """Return the layer's row, and for a SpectralNorm one of its own for its vector."""
    shape, sees = tuple(layer.output.shape[1:]), fields and (fields[0].size, fields[1].size)
    vector = math.prod(layer.u.shape) if _kind(layer) == "SpectralNorm" else 0
    frozen = sum(math.prod(weight.shape) for weight in layer.non_trainable_weights)
    rows = [
        Row(
            described.name,
            shape,
            layer.count_params() - vector,
            frozen - vector,
            described.multiply_adds,
            sees,
        )
    ]
    if vector:
        rows.append(Row("spectral norm", shape, vector, vector, receptive_field=sees))
    return rows


def _describe(layer: Layer) -> _Described | None:
    """Describe a layer; None for one that has no row."""
    if layer.name.endswith(("_gamma_reshape", "_beta_reshape")):  # of what scales and shifts
        return None
    kind = _kind(layer)
    if kind in _NAMES:
        return _Described(_NAMES[kind])
    inner = layer.layer if kind == "SpectralNorm" else layer
    if describe := _KINDS.get(_kind(inner)):
        return describe(inner, layer)
    if layer.count_params() or len(keras.tree.flatten(layer.input)) > 1:
        return _Described(kind)
    return None


def _conv(prefix: str, layer: Layer, called: Layer) -> _Described:
    """Describe a convolution; `called` is what stands in the graph, perhaps a SpectralNorm."""
    padding, source = layer.padding, called.input._keras_history.operation
    if _kind(source) == "ZeroPadding2D":
        padding = source.padding[0][0]
    kernel, stride, channels = layer.kernel_size, layer.strides, called.output.shape[-1]
    depth = 1 if prefix == "depthwise " else called.input.shape[-1] // getattr(layer, "groups", 1)
    height, width = (called.input if prefix == "transposed " else called.output).shape[1:3]
    skip = "skip: " if "skip" in called.name else ""
    return _Described(
        skip + prefix + conv_title(channels, kernel[0], stride[0], padding),
        kernel,
        stride,
        conv_multiply_adds(height, width, kernel[0], depth, channels),
    )


def _dense(layer: Layer, called: Layer) -> _Described:
    costs = math.prod(called.input.shape[1:]) * layer.units
    return _Described(f"dense {layer.units}", multiply_adds=costs)


def _pool(name: str, layer: Layer, _called: Layer) -> _Described:
    height, width = layer.pool_size
    return _Described(f"{name} {height}×{width}", layer.pool_size, layer.strides)


def _whole(name: str, layer: Layer, _called: Layer) -> _Described:
    """Describe what makes one vector of a map: a kernel of the map's own size."""
    shape = layer.input.shape[1:]
    return _Described(name, (shape[0], shape[1]) if len(shape) == 3 else (1, 1))


def _upsampling(layer: Layer, _called: Layer) -> _Described:
    return _Described(f"repeat pixels {layer.size[0]}×{layer.size[1]}")


def _input(layer: Layer, _called: Layer) -> _Described:
    if len(layer.output.shape) == 4:
        return _Described("image")
    return _Described("class" if layer.name == "classes" else "latent vector")


def _group_norm(layer: Layer, _called: Layer) -> _Described:
    channels = layer.output.shape[-1]
    names = {1: "layer norm", channels: "instance norm"}
    return _Described(names.get(layer.groups, f"group norm, {layer.groups} groups"))


_KINDS: dict[str, Callable[[Layer, Layer], _Described]] = {
    "InputLayer": _input,
    "Conv2D": partial(_conv, ""),
    "Conv2DTranspose": partial(_conv, "transposed "),
    "DepthwiseConv2D": partial(_conv, "depthwise "),
    "Dense": _dense,
    "MaxPooling2D": partial(_pool, "max pool"),
    "AveragePooling2D": partial(_pool, "average pool"),
    "GlobalAveragePooling2D": partial(_whole, "average over the image"),
    "GlobalMaxPooling2D": partial(_whole, "maximum over the image"),
    "Flatten": partial(_whole, "flatten"),
    "GroupNorm": _group_norm,
    "GroupNormalization": _group_norm,
    "UpSampling2D": _upsampling,
}
"""By the class's name: what no row is known for has one with its parameters, if it has any."""

_NAMES = {
    "Reshape": "reshape",
    "BatchNorm": "batch norm",
    "BatchNormalization": "batch norm",
    "Add": "add",
    "Concatenate": "concatenate",
    "Multiply": "multiply",
    "Dot": "dot product",
}
"""Layers of which there is no more to say."""


def _kind(layer: Layer) -> str:
    return type(layer).__name__


def _through(fields: tuple[ReceptiveField, ReceptiveField], kernel: Shape, stride: Shape) -> Fields:
    height, width = (
        field.through(f, stride=s) for field, f, s in zip(fields, kernel, stride, strict=True)
    )
    return height, width


def _wider(one: Fields, other: Fields) -> Fields:
    if one is None or other is None:  # one is of the classes, which a D has beside its images
        return one or other
    height, width = (
        ReceptiveField(max(a.size, b.size), max(a.jump, b.jump))
        for a, b in zip(one, other, strict=True)
    )
    return height, width
