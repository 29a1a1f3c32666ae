"""The blocks that networks are made of: what a configuration says of one, and its Keras layers."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field

from convgan.config.section import Count, Fraction, Section
from convgan.lazy import layers
from convgan.models.conv_arithmetic import conv_output_size, transposed_output_size
from convgan.models.functional import (
    Activation,
    Maps,
    Norm,
    activate,
    check_sizes,
    conv_title,
    convolution,
    dropout,
    initializer,
    normalise,
    pool,
    upsample,
)

Kernel = Annotated[int, Field(ge=1, le=31)]
Stride = Annotated[int, Field(ge=1, le=8)]
Slope = Annotated[float, Field(ge=0, lt=1)]


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
    residual_units: Annotated[int, Field(ge=0, le=16)] = 0
    """Units after the block, each of two 3×3 convolutions, with the block's norm and activation
    between them, whose result is added to their input (after He et al., 2016)."""


class ConvBlock(Block):
    """A block that keeps or shrinks the maps."""

    downsample: Literal["stride", "max_pool", "average_pool"] = "stride"
    """What makes the maps smaller by `stride`: the convolution itself, or a pooling of that size
    after the activation, or, by `pool_position`, before the norm, which is cheaper."""
    pool_position: Literal["before_norm", "after_activation"] = "after_activation"
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
    output_size = partial(conv_output_size, kernel=block.kernel, stride=stride, padding=padding)
    check_sizes(f"{key}: {title}", x, output_size)
    if isinstance(padding, int):
        x = layers.ZeroPadding2D(padding, name=f"{name}_pad")(x)
        padding = "valid"
    x = convolution(
        x, block.filters, block.kernel, f"{name}_conv",
        stride=stride, padding=padding, use_bias=block.use_bias,
        init_stddev=init_stddev, spectral_norm=block.spectral_norm,
    )  # fmt: skip

    def pooled_at(position: str, x: Maps) -> Maps:
        if not pooled or block.pool_position != position:
            return x
        return pool(x, block.downsample, block.stride, f"{name}_pool", key=key)

    x = pooled_at("before_norm", x)
    x = _norm_and_activation(x, block, name, exact_norm=exact_norm)
    x = pooled_at("after_activation", x)
    return _dropout_and_units(x, block, name, init_stddev=init_stddev, exact_norm=exact_norm)


def up_block(
    x: Maps,
    block: UpBlock,
    name: str,
    *,
    key: str,
    init_stddev: float | None,
    condition: Any = None,
) -> Maps:
    """Apply one enlarging block: (N, H, W, C) to (N, H', W', filters), H' by `conv_arithmetic`.

    For the condition see `normalise`.

    Raises:
        UsageError: the enlarged maps are smaller than the kernel.
    """
    if block.upsample == "nearest":
        title = conv_title(block.filters, block.kernel, 1, block.padding)
        check_sizes(f"{key}: {title}", x, partial(block.output_size, stride=block.stride))
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
    x = _norm_and_activation(x, block, name, condition=condition)
    return _dropout_and_units(x, block, name, init_stddev=init_stddev, condition=condition)


def _dropout_and_units(
    x: Maps, block: Block, name: str, *, init_stddev: float | None, **norm_settings: Any
) -> Maps:
    """Apply what follows a block's activation, with the settings of `normalise` in each unit.

    The last convolution of a generator's unit is zero at the start.
    """
    settings: dict[str, Any] = {
        "init_stddev": init_stddev,
        "spectral_norm": isinstance(block, ConvBlock) and block.spectral_norm,
    }
    x = dropout(x, block.dropout, name)
    for index in range(block.residual_units):
        unit, zero = f"{name}_unit{index + 1}", isinstance(block, UpBlock)
        y = convolution(x, block.filters, 3, f"{unit}_conv1", **settings)
        y = _norm_and_activation(y, block, unit, **norm_settings)
        y = convolution(y, block.filters, 3, f"{unit}_conv2", zero=zero, **settings)
        x = layers.Add(name=f"{unit}_add")([x, y])
    return x


def _norm_and_activation(x: Maps, block: Block, name: str, **norm_settings: Any) -> Maps:
    def norm(x: Maps) -> Maps:
        return normalise(x, block.norm, name, groups=block.groups, **norm_settings)

    if block.norm_position == "before_activation":
        return activate(norm(x), block.activation, name, block.negative_slope)
    return norm(activate(x, block.activation, name, block.negative_slope))
