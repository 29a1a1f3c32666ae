"""The blocks of a configuration as Keras layers."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from convgan.config import Block, ConvBlock, TransposedBlock

LEAKY_SLOPE = 0.2  # of LeakyReLU in the discriminator (Radford et al., 2016)


def conv_block(x: Any, block: ConvBlock, *, init_stddev: float | None, name: str) -> Any:
    """Apply one block: (N, H, W, C) to (N, H', W', filters), H' by `conv_arithmetic`."""
    padding = block.padding
    if isinstance(padding, int):
        x = layers.ZeroPadding2D(padding, name=f"{name}_pad")(x)
        padding = "valid"
    convolution = layers.Conv2D(
        block.filters,
        block.kernel,
        strides=block.stride if block.downsample == "stride" else 1,
        padding=padding,
        kernel_initializer=initializer(init_stddev),
        name=f"{name}_conv",
    )
    x = spectral(convolution, wrap=block.spectral_norm)(x)
    x = _norm_and_activation(x, block, name)
    if block.downsample != "stride" and block.stride > 1:
        pool = {"max_pool": layers.MaxPooling2D, "average_pool": layers.AveragePooling2D}
        x = pool[block.downsample](block.stride, name=f"{name}_pool")(x)
    return dropout(x, block.dropout, name)


def transposed_block(
    x: Any, block: TransposedBlock, *, init_stddev: float | None, name: str
) -> Any:
    """Apply one enlarging block: (N, H, W, C) to (N, H', W', filters), H' by `conv_arithmetic`."""
    x = layers.Conv2DTranspose(
        block.filters,
        block.kernel,
        strides=block.stride,
        padding=block.padding,
        kernel_initializer=initializer(init_stddev),
        name=f"{name}_conv",
    )(x)
    x = _norm_and_activation(x, block, name)
    return dropout(x, block.dropout, name)


def activate(x: Any, activation: str, name: str) -> Any:
    """Apply an activation of the configuration's table; `linear` adds no layer."""
    if activation == "linear":
        return x
    if activation == "leaky_relu":
        return layers.LeakyReLU(LEAKY_SLOPE, name=f"{name}_leaky_relu")(x)
    return layers.Activation(activation, name=f"{name}_{activation}")(x)


def normalise(x: Any, norm: str, name: str) -> Any:
    """Apply batch normalisation where the configuration asks for it."""
    return layers.BatchNormalization(name=f"{name}_norm")(x) if norm == "batch" else x


def dropout(x: Any, rate: float, name: str) -> Any:
    """Apply dropout; a rate of 0 adds no layer."""
    return layers.Dropout(rate, name=f"{name}_dropout")(x) if rate else x


def spectral(layer: Any, *, wrap: bool) -> Any:
    """Keep the kernel's largest singular value at 1 (Miyato et al., 2018).

    Keras's layer divides the kernel itself at each training call, by one power iteration.
    """
    return layers.SpectralNormalization(layer, name=f"{layer.name}_sn") if wrap else layer


def initializer(stddev: float | None) -> Any:
    """Return normal initial weights of this deviation, or Keras's default for None.

    For one layer: Keras's initializers give each layer that shares one the same numbers.
    """
    return keras.initializers.RandomNormal(0.0, stddev) if stddev else "glorot_uniform"


def _norm_and_activation(x: Any, block: Block, name: str) -> Any:
    if block.norm_position == "before_activation":
        return activate(normalise(x, block.norm, name), block.activation, name)
    return normalise(activate(x, block.activation, name), block.norm, name)
