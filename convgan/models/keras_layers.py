"""The layers that convgan's networks are made of, as Keras writes them: settings and sizes.

One row a class: what its settings may be, and what it makes of a shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from convgan.models.conv_arithmetic import (
    conv_output_size,
    dense_parameters,
    transposed_output_size,
)

Shape = tuple[int, ...]
"""(H, W, C) or (values,), without the batch."""
Settings = dict[str, Any]


class Layer(NamedTuple):
    """What is known of a class of layers."""

    patterns: dict[str, str]
    """A regular expression for each setting's JSON, its keys sorted. There true is not 1."""
    measure: Callable[[Settings, Shape], tuple[Shape, int]]
    """Settings that fit, and the shape that the layer is given, to what it gives and the number
    of its parameters; a ValueError where it cannot take the shape."""


_COUNT = r"[1-9]\d{0,7}"
_NUMBER = r"-?\d{1,6}(\.\d+)?(e-\d+)?"
# Of a setting that has no row: null, a boolean or less than 2, which makes nothing much larger.
HARMLESS = r"null|true|false|-?([01](\.\d+)?|\d(\.\d+)?e-\d+)"
_PAIR = rf"\[{_COUNT}, {_COUNT}\]"
_OBJECT = (
    r'\{{"class_name": "({0})", "config": \{{{1}\}}, "module": "{2}", "registered_name": null'
    r'(, "shared_object_id": \d+)?\}}'
)
_INITIALIZER = _OBJECT.format(
    "GlorotUniform|RandomNormal|Zeros|Ones",
    rf'("\w+": (null|{_NUMBER})(, )?)*',
    r"keras\.initializers",
)
_POLICY = _OBJECT.format("DTypePolicy", '"name": "(float32|mixed_bfloat16)"', "keras")
COMMON = {"name": r'"[A-Za-z0-9][\w.-]{0,99}"', "dtype": rf'"float32"|{_POLICY}'}
_ACTIVATION = {"activation": '"(linear|relu|selu|elu|silu|tanh)"'}
_BIASED = _ACTIVATION | {
    "use_bias": "true",
    "kernel_initializer": _INITIALIZER,
    "bias_initializer": _INITIALIZER,
}
_PICTURES = {"data_format": '"channels_last"'}
_WINDOW = _PICTURES | {"strides": _PAIR, "padding": '"(same|valid)"'}
_CONVOLUTION = _WINDOW | _BIASED | {
    "filters": _COUNT,
    "kernel_size": _PAIR,
    "dilation_rate": r"\[1, 1\]",
    "groups": "null|1",
    "output_padding": "null",
}  # fmt: skip
_MARGINS = r"\[\d{1,4}, \d{1,4}\]"
_NORM = {"axis": "-1"} | dict.fromkeys(
    (
        "beta_initializer",
        "gamma_initializer",
        "moving_mean_initializer",
        "moving_variance_initializer",
    ),
    _INITIALIZER,
)


def _same(_config: Settings, shape: Shape) -> tuple[Shape, int]:
    return shape, 0


def _zero_padding(config: Settings, shape: Shape) -> tuple[Shape, int]:
    height, width, channels = shape
    (top, bottom), (left, right) = config["padding"]
    return (height + top + bottom, width + left + right, channels), 0


def _convolution(config: Settings, shape: Shape) -> tuple[Shape, int]:
    size = _windows(conv_output_size, config["kernel_size"], config, shape)
    return (*size, config["filters"]), _kernel_parameters(config, shape)


def _transposed(config: Settings, shape: Shape) -> tuple[Shape, int]:
    size = _windows(transposed_output_size, config["kernel_size"], config, shape)
    return (*size, config["filters"]), _kernel_parameters(config, shape)


def _pooling(config: Settings, shape: Shape) -> tuple[Shape, int]:
    return (*_windows(conv_output_size, config["pool_size"], config, shape), shape[2]), 0


def _windows(rule: Callable[..., int], kernel: list[int], config: Settings, shape: Shape) -> Shape:
    height, width, _ = shape
    axes = zip((height, width), kernel, config["strides"], strict=True)
    return tuple(rule(n, f, stride=s, padding=config["padding"]) for n, f, s in axes)


def _kernel_parameters(config: Settings, shape: Shape) -> int:
    return dense_parameters(math.prod(config["kernel_size"]) * shape[2], config["filters"])


def _average(_config: Settings, shape: Shape) -> tuple[Shape, int]:
    _, _, channels = shape
    return (channels,), 0


def _dense(config: Settings, shape: Shape) -> tuple[Shape, int]:
    (inputs,) = shape
    return (config["units"],), dense_parameters(inputs, config["units"])


LAYERS: dict[str, Layer] = {
    "InputLayer": Layer(
        {"batch_shape": rf"\[null, {_COUNT}(, {_COUNT}, {_COUNT})?\]"},
        lambda config, _: (tuple(config["batch_shape"][1:]), 0),
    ),
    "Rescaling": Layer({"scale": _NUMBER, "offset": _NUMBER}, _same),
    "ZeroPadding2D": Layer(_PICTURES | {"padding": rf"\[{_MARGINS}, {_MARGINS}\]"}, _zero_padding),
    "Conv2D": Layer(_CONVOLUTION, _convolution),
    "Conv2DTranspose": Layer(_CONVOLUTION, _transposed),
    "SpectralNormalization": Layer({"layer": r"\{.*\}"}, _same),
    "BatchNormalization": Layer(_NORM, lambda _, shape: (shape, 4 * shape[-1])),
    "Activation": Layer(_ACTIVATION, _same),
    "LeakyReLU": Layer({"negative_slope": _NUMBER}, _same),
    "Dropout": Layer({}, _same),
    "MaxPooling2D": Layer(_WINDOW | {"pool_size": _PAIR}, _pooling),
    "AveragePooling2D": Layer(_WINDOW | {"pool_size": _PAIR}, _pooling),
    "GlobalAveragePooling2D": Layer(_PICTURES | {"keepdims": "false"}, _average),
    "Flatten": Layer(_PICTURES, lambda _, shape: ((math.prod(shape),), 0)),
    "Reshape": Layer(
        {"target_shape": rf"\[{_COUNT}, {_COUNT}, {_COUNT}\]"},
        lambda config, _: (tuple(config["target_shape"]), 0),
    ),
    "Dense": Layer(_BIASED | {"units": _COUNT}, _dense),
}
"""By the class's name in `keras.layers`. A SpectralNormalization is measured by what it holds."""
