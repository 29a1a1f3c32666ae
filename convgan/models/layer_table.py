"""A network layer by layer: sizes, parameters, costs, receptive fields, from its built graph.

Activation, dropout and padding change none of these numbers and have no rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
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
        inputs = _tensors(layer.input) if not _is_input(layer) else []
        arriving = [fields[id(tensor)] for tensor in inputs]
        before = arriving[0] if arriving else _first_fields(layer.output.shape)
        for other in arriving[1:]:
            before = _wider(before, other)
        described = _describe(layer)
        after = before
        if described and before:
            after = _through(before, described.kernel, described.stride)
        fields[id(layer.output)] = after
        if described:
            rows += _rows(layer, described, after)
    return rows


def _rows(layer: Layer, described: _Described, fields: Fields) -> list[Row]:
    """Return the layer's row, and for a SpectralNorm one of its own for its vector."""
    sees = (math.ceil(fields[0].size), math.ceil(fields[1].size)) if fields else None
    vector = math.prod(layer.u.shape) if _kind(layer) == "SpectralNorm" else 0
    frozen = sum(math.prod(weight.shape) for weight in layer.non_trainable_weights)
    rows = [
        Row(
            described.name,
            tuple(layer.output.shape[1:]),
            layer.count_params() - vector,
            frozen - vector,
            described.multiply_adds,
            sees,
        )
    ]
    if vector:
        shape = rows[0].output_shape
        rows.append(Row("spectral norm", shape, vector, vector, receptive_field=sees))
    return rows


def _describe(layer: Layer) -> _Described | None:
    """Describe a layer; None for one that has no row."""
    if layer.name.endswith(("_gamma_reshape", "_beta_reshape")):  # of what scales and shifts
        return None
    describe = _KINDS.get(_kind(layer))
    if describe:
        return describe(layer)
    if _is_input(layer) or layer.count_params() or len(_tensors(layer.input)) > 1:
        return _Described(_kind(layer))
    return None


def _conv(layer: Layer) -> _Described:
    return _conv_of(layer, layer)


def _conv_of(layer: Layer, called: Layer) -> _Described:
    """Describe a convolution; `called` is what stands in the graph, perhaps a SpectralNorm."""
    padding: str | int = layer.padding
    source = _source(called)
    if _kind(source) == "ZeroPadding2D":
        padding = source.padding[0][0]
    height, width, channels = called.output.shape[1:]
    kernel, stride = layer.kernel_size, layer.strides
    depth = called.input.shape[-1] // layer.groups
    skip = "skip: " if "skip" in called.name else ""
    return _Described(
        skip + conv_title(layer.filters, kernel[0], stride[0], padding),
        kernel,
        stride,
        conv_multiply_adds(height, width, kernel[0], depth, channels),
    )


def _transposed(layer: Layer) -> _Described:
    height, width, depth = layer.input.shape[1:]
    kernel, stride = layer.kernel_size, layer.strides
    return _Described(
        "transposed " + conv_title(layer.filters, kernel[0], stride[0], layer.padding),
        kernel,
        stride,
        conv_multiply_adds(height, width, kernel[0], depth, layer.filters),
    )


def _depthwise(layer: Layer) -> _Described:
    height, width, channels = layer.output.shape[1:]
    kernel, stride = layer.kernel_size, layer.strides
    costs = conv_multiply_adds(height, width, kernel[0], 1, channels)
    title = conv_title(channels, kernel[0], stride[0], layer.padding)
    return _Described(f"depthwise {title}", kernel, stride, costs)


def _dense(layer: Layer) -> _Described:
    return _dense_of(layer, layer)


def _dense_of(layer: Layer, called: Layer) -> _Described:
    costs = math.prod(called.input.shape[1:]) * layer.units
    return _Described(f"dense {layer.units}", multiply_adds=costs)


def _spectral(layer: Layer) -> _Described:
    inner = layer.layer
    return _dense_of(inner, layer) if _kind(inner) == "Dense" else _conv_of(inner, layer)


def _pool(name: str) -> Callable[[Layer], _Described]:
    def describe(layer: Layer) -> _Described:
        height, width = layer.pool_size
        return _Described(f"{name} {height}×{width}", layer.pool_size, layer.strides)

    return describe


def _whole(name: str) -> Callable[[Layer], _Described]:
    """Describe what makes one vector of a map: a kernel of the map's own size."""

    def describe(layer: Layer) -> _Described:
        shape = layer.input.shape[1:]
        return _Described(name, (shape[0], shape[1]) if len(shape) == 3 else (1, 1))

    return describe


def _named(name: str) -> Callable[[Layer], _Described]:
    return lambda _: _Described(name)


def _upsampling(layer: Layer) -> _Described:
    return _Described(f"repeat pixels {layer.size[0]}×{layer.size[1]}")


def _input(layer: Layer) -> _Described:
    if len(layer.output.shape) == 4:
        return _Described("image")
    return _Described("class" if layer.name == "classes" else "latent vector")


def _group_norm(layer: Layer) -> _Described:
    channels = layer.output.shape[-1]
    names = {1: "layer norm", channels: "instance norm"}
    return _Described(names.get(layer.groups, f"group norm, {layer.groups} groups"))


_KINDS: dict[str, Callable[[Layer], _Described]] = {
    "InputLayer": _input,
    "Conv2D": _conv,
    "Conv2DTranspose": _transposed,
    "DepthwiseConv2D": _depthwise,
    "Dense": _dense,
    "SpectralNorm": _spectral,
    "MaxPooling2D": _pool("max pool"),
    "AveragePooling2D": _pool("average pool"),
    "GlobalAveragePooling2D": _whole("average over the image"),
    "GlobalMaxPooling2D": _whole("maximum over the image"),
    "Flatten": _whole("flatten"),
    "Reshape": _named("reshape"),
    "BatchNorm": _named("batch norm"),
    "BatchNormalization": _named("batch norm"),
    "GroupNorm": _group_norm,
    "GroupNormalization": _group_norm,
    "UpSampling2D": _upsampling,
    "Add": _named("add"),
    "Concatenate": _named("concatenate"),
    "Multiply": _named("multiply"),
    "Dot": _named("dot product"),
}
"""By the class's name: what no row is known for has one with its parameters, if it has any."""


def _kind(layer: Layer) -> str:
    return type(layer).__name__


def _is_input(layer: Layer) -> bool:
    return isinstance(layer, keras.layers.InputLayer)


def _tensors(tensors: Any) -> list[Any]:
    return list(tensors) if isinstance(tensors, list | tuple) else [tensors]


def _source(layer: Layer) -> Layer:
    """Return the layer whose output this one is given."""
    return _tensors(layer.input)[0]._keras_history.operation


def _first_fields(shape: tuple[int | None, ...]) -> Fields:
    return (ReceptiveField(), ReceptiveField()) if len(shape) == 4 else None


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
