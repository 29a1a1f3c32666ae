"""The blocks that networks are made of: what a configuration says of one, and its Keras layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from convgan.config.section import Count, Fraction, Section
from convgan.errors import UsageError
from convgan.lazy import LazyModule
from convgan.models.conv_arithmetic import (
    conv_output_size,
    pool_output_size,
    transposed_output_size,
)

if TYPE_CHECKING:
    import keras
    from keras import layers

    from convgan.models import layers as exact
else:
    keras = LazyModule("keras")
    layers = LazyModule("keras.layers")
    exact = LazyModule("convgan.models.layers")

Activation = Literal["linear", "relu", "leaky_relu", "selu", "elu", "silu", "tanh"]
Norm = Literal["none", "batch", "instance", "group", "layer"]
Kernel = Annotated[int, Field(ge=1, le=31)]
Stride = Annotated[int, Field(ge=1, le=8)]
Slope = Annotated[float, Field(ge=0, lt=1)]
Maps = Any
"""A Keras tensor (N, H, W, C)."""


class Block(Section):
    """One convolution with what follows it: normalisation, activation, dropout."""

    filters: Count
    kernel: Kernel = 3
    stride: Stride = 1
    padding: Literal["same", "valid"] | Annotated[int, Field(ge=0, le=15)] = "same"
    use_bias: bool = True
    norm: Norm = "none"
    groups: Count = 8
    """Of `norm: group`; they must divide the filters."""
    norm_position: Literal["before_activation", "after_activation"] = "before_activation"
    activation: Activation = "relu"
    negative_slope: Slope = 0.2
    """Of leaky_relu; Radford et al. (2016) take 0.2."""
    dropout: Fraction = 0.0


class ConvBlock(Block):
    """A block that keeps or shrinks the maps."""

    downsample: Literal["stride", "max_pool", "average_pool"] = "stride"
    """What makes the maps smaller by `stride`: the convolution itself, or a pooling of that size
    after the activation."""
    spectral_norm: bool = False


class UpBlock(Block):
    """A block that enlarges the maps by `stride`."""

    padding: Literal["same", "valid"] = "same"
    upsample: Literal["transposed", "nearest"] = "transposed"
    """What enlarges them: the transposed convolution itself, or repeated pixels before an
    ordinary convolution (Odena et al., 2016, against checkerboards)."""

    def output_size(self, size: int, stride: int) -> int:
        """Return the pixels on an axis that it makes of `size` with this stride."""
        if self.upsample == "transposed":
            return transposed_output_size(size, self.kernel, stride=stride, padding=self.padding)
        return conv_output_size(size * stride, self.kernel, padding=self.padding)


def conv_block(
    x: Maps, block: ConvBlock, name: str, *, key: str, init_stddev: float | None, exact_norm: bool
) -> Maps:
    """Apply one block: (N, H, W, C) to (N, H', W', filters), H' by `conv_arithmetic`.

    Args:
        x: the maps.
        block: the configuration.
        name: the layers' names begin with it.
        key: where the block stands in the configuration, for errors.
        init_stddev: of normal initial weights; None: Keras's Glorot uniform.
        exact_norm: batch normalisation with an exact second derivative, see `models.layers`.

    Raises:
        UsageError: the maps are smaller than the kernel or the pool.
    """
    pooled = block.downsample != "stride" and block.stride > 1
    stride = 1 if pooled else block.stride
    padding = block.padding
    title = conv_title(block.filters, block.kernel, stride, padding)
    with fitting(f"{key}: {title}", x):
        for size in x.shape[1:3]:
            conv_output_size(size, block.kernel, stride=stride, padding=padding)
    if isinstance(padding, int):
        x = layers.ZeroPadding2D(padding, name=f"{name}_pad")(x)
        padding = "valid"
    x = convolution(
        x, block.filters, block.kernel, f"{name}_conv",
        stride=stride, padding=padding, use_bias=block.use_bias,
        init_stddev=init_stddev, spectral_norm=block.spectral_norm,
    )  # fmt: skip
    x = _norm_and_activation(x, block, name, exact_norm)
    if pooled:
        x = pool(x, block.downsample, block.stride, f"{name}_pool", key=key)
    return dropout(x, block.dropout, name)


def up_block(x: Maps, block: UpBlock, name: str, *, key: str, init_stddev: float | None) -> Maps:
    """Apply one enlarging block: (N, H, W, C) to (N, H', W', filters), H' by `conv_arithmetic`.

    Raises:
        UsageError: the enlarged maps are smaller than the kernel.
    """
    if block.upsample == "nearest":
        title = conv_title(block.filters, block.kernel, 1, block.padding)
        with fitting(f"{key}: {title}", x):
            for size in x.shape[1:3]:
                block.output_size(size, block.stride)
        x = upsample(x, block.stride, f"{name}_upsample")
        layer, stride = layers.Conv2D, 1
    else:
        layer, stride = layers.Conv2DTranspose, block.stride
    x = layer(
        block.filters,
        block.kernel,
        strides=stride,
        padding=block.padding,
        use_bias=block.use_bias,
        kernel_initializer=initializer(init_stddev),
        name=f"{name}_conv",
    )(x)
    x = _norm_and_activation(x, block, name, exact_norm=False)
    return dropout(x, block.dropout, name)


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
) -> Maps:
    """Apply a convolution to maps, or, to a vector (N, D), a dense layer of `filters` units."""
    settings = {
        "use_bias": use_bias and not spectral_norm,
        "kernel_initializer": initializer(init_stddev),
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
    with fitting(f"{key}: {kind.replace('_', ' ')} {size}×{size}", x):
        for pixels in x.shape[1:3]:
            pool_output_size(pixels, size)
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


def normalise(x: Any, norm: str, name: str, *, groups: int = 8, exact_norm: bool = False) -> Any:
    """Apply a normalisation; `none` adds no layer.

    Raises:
        UsageError: the groups do not divide the channels.
    """
    if norm == "none":
        return x
    if norm == "batch":
        kind = exact.BatchNorm if exact_norm else layers.BatchNormalization
        return kind(name=f"{name}_norm")(x)
    channels = x.shape[-1]
    groups = {"instance": channels, "layer": 1, "group": groups}[norm]
    if channels % groups:
        raise UsageError(
            f"{name}: got {groups} groups of {channels} channels; they must divide them"
        )
    return exact.GroupNorm(groups, name=f"{name}_norm")(x)


def dropout(x: Any, rate: float, name: str) -> Any:
    """Apply dropout; a rate of 0 adds no layer."""
    return layers.Dropout(rate, name=f"{name}_dropout")(x) if rate else x


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


@contextmanager
def fitting(layer: str, x: Maps) -> Iterator[None]:
    """Say at which layer of the configuration a size has become impossible, and what to do."""
    try:
        yield
    except UsageError as error:
        shape = "×".join(map(str, x.shape[1:]))
        raise UsageError(
            f"{layer} cannot take the {shape} that reaches it: {error}. Make the images larger "
            "(data.image_size), kernels and strides up to there smaller, or set padding: same"
        ) from error


def _norm_and_activation(x: Maps, block: Block, name: str, exact_norm: bool) -> Maps:
    def norm(x: Maps) -> Maps:
        return normalise(x, block.norm, name, groups=block.groups, exact_norm=exact_norm)

    if block.norm_position == "before_activation":
        return activate(norm(x), block.activation, name, block.negative_slope)
    return norm(activate(x, block.activation, name, block.negative_slope))
