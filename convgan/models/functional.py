"""One layer each, applied to a Keras tensor by what a configuration says of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from convgan.errors import UsageError
from convgan.lazy import LazyModule, keras, layers, tf
from convgan.models.conv_arithmetic import conv_output_size

if TYPE_CHECKING:
    from convgan.models import layers as exact
else:
    exact = LazyModule("convgan.models.layers")

Activation = Literal["linear", "relu", "leaky_relu", "selu", "elu", "silu", "tanh"]
Norm = Literal["none", "batch", "instance", "group", "layer"]
Maps = Any
"""A Keras tensor (N, H, W, C)."""
Vectors = Any
"""A Keras tensor (N, D)."""


def convolution(
    x: Maps,
    filters: int,
    kernel: int,
    name: str,
    *,
    stride: int = 1,
    padding: str = "same",
    use_bias: bool = True,
    init_stddev: float | None = None,
    spectral_norm: bool = False,
    zero: bool = False,
) -> Maps:
    """Apply a convolution to maps, or, to a vector (N, D), a dense layer of `filters` units.

    With `zero` its kernel is zero at the start.
    """
    settings = {
        "use_bias": use_bias and not spectral_norm,
        "kernel_initializer": "zeros" if zero else initializer(init_stddev),
        "name": name,
    }
    if len(x.shape) == 4:
        layer = layers.Conv2D(filters, kernel, strides=stride, padding=padding, **settings)
    else:
        layer = layers.Dense(filters, **settings)
    if spectral_norm:
        layer = exact.SpectralNorm(layer, use_bias=use_bias, name=f"{name}_sn")
    return layer(x)


def pool(x: Maps, kind: str, size: int, name: str, *, key: str) -> Maps:
    """Apply max or average pooling without overlap."""
    title = f"{key}: {kind.replace('_', ' ')} {size}×{size}"
    check_sizes(title, x, partial(conv_output_size, kernel=size, stride=size))
    pooling = {"max_pool": layers.MaxPooling2D, "average_pool": layers.AveragePooling2D}
    return pooling[kind](size, name=name)(x)


def upsample(x: Maps, factor: int, name: str) -> Maps:
    """Repeat each pixel factor × factor times; a factor of 1 adds no layer."""
    return layers.UpSampling2D(factor, name=name)(x) if factor > 1 else x


def activate(x: Any, activation: str, name: str, negative_slope: float = 0.2) -> Any:
    """Apply an activation of the configuration's table; `linear` adds no layer."""
    if activation == "linear":
        return x
    if activation == "leaky_relu":
        return layers.LeakyReLU(negative_slope, name=f"{name}_leaky_relu")(x)
    return layers.Activation(activation, name=f"{name}_{activation}")(x)


def normalise(
    x: Any,
    norm: str,
    name: str,
    *,
    groups: int = 8,
    exact_norm: bool = False,
    condition: Any = None,
) -> Any:
    """Apply a normalisation; `none` adds no layer.

    With a condition (N, D), batch normalisation has no scale and shift of its own: they follow it.

    Raises:
        UsageError: the groups do not divide the channels.
    """
    if norm == "none":
        return x
    if norm == "batch":
        several = tf.distribute.get_strategy().num_replicas_in_sync > 1
        kind = exact.BatchNorm if exact_norm or several else layers.BatchNormalization
        if condition is None:
            return kind(name=f"{name}_norm")(x)
        return modulate(kind(center=False, scale=False, name=f"{name}_norm")(x), condition, name)
    channels = x.shape[-1]
    groups = {"instance": channels, "layer": 1, "group": groups}[norm]
    if channels % groups:
        raise UsageError(
            f"{name}: got {groups} groups of {channels} channels; they must divide them"
        )
    return exact.GroupNorm(groups, name=f"{name}_norm")(x)


def modulate(x: Maps, condition: Vectors, name: str) -> Maps:
    """Return x · (1 + W_γ c) + W_β c, (N, H, W, C), of a condition c, (N, D).

    W_γ and W_β are zero at the start, when the maps stay as they are.
    """
    channels = x.shape[-1]

    def follow(part: str) -> Maps:
        weights = convolution(condition, channels, 1, f"{name}_{part}", use_bias=False, zero=True)
        return layers.Reshape((1, 1, channels), name=f"{name}_{part}_reshape")(weights)

    scale = layers.Rescaling(1.0, offset=1.0, name=f"{name}_scale")(follow("gamma"))
    x = layers.Multiply(name=f"{name}_scaled")([x, scale])
    return layers.Add(name=f"{name}_shifted")([x, follow("beta")])


def dropout(x: Any, rate: float, name: str) -> Any:
    """Apply dropout; a rate of 0 adds no layer."""
    return exact.Dropout(rate, name=f"{name}_dropout")(x) if rate else x


def initializer(stddev: float | None) -> Any:
    """Return normal initial weights of this deviation, or Keras's default for None.

    For one layer: Keras's initializers give all layers that have one in common the same numbers.
    """
    return keras.initializers.RandomNormal(0.0, stddev) if stddev else "glorot_uniform"


def conv_title(filters: int, kernel: int, stride: int, padding: str | int) -> str:
    """Return a convolution in words, as errors and layer tables name it."""
    step = f" / {stride}" if stride > 1 else ""
    return f"conv {filters}, {kernel}×{kernel}{step}, " + (
        f"pad {padding}" if isinstance(padding, int) else padding
    )


def check_sizes(layer: str, x: Maps, output_size: Callable[[int], int]) -> None:
    """Compute the output's height and width; say of which layer one is impossible, and what to do.

    Raises:
        UsageError: `output_size`, of the pixels on an axis, raises one.
    """
    try:
        for pixels in x.shape[1:3]:
            output_size(pixels)
    except UsageError as error:
        shape = "×".join(map(str, x.shape[1:]))
        raise UsageError(
            f"{layer} cannot take the {shape} that reaches it: {error}. Make the images larger "
            "(data.image_size), kernels and strides up to there smaller, or set padding: same"
        ) from error
