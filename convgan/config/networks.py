"""The networks, written as blocks: what stands under model, generator and discriminator."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from convgan.config.section import Count, Fraction, Positive, Section

Activation = Literal["linear", "relu", "leaky_relu", "selu", "elu", "silu", "tanh"]


class Block(Section):
    """One convolution with what follows it: normalisation, activation, dropout."""

    filters: Count
    kernel: Annotated[int, Field(ge=1, le=31)] = 3
    stride: Annotated[int, Field(ge=1, le=8)] = 1
    padding: Literal["same", "valid"] | Annotated[int, Field(ge=0, le=15)] = "same"
    norm: Literal["none", "batch"] = "none"
    norm_position: Literal["before_activation", "after_activation"] = "before_activation"
    activation: Activation = "relu"
    dropout: Fraction = 0.0


class ConvBlock(Block):
    """A block that keeps or shrinks the picture."""

    downsample: Literal["stride", "max_pool", "average_pool"] = "stride"
    """What makes the picture smaller by `stride`: the convolution itself, or a pooling of
    that size after the activation."""
    spectral_norm: bool = False


class TransposedBlock(Block):
    """A block that enlarges the picture by `stride` (Conv2DTranspose)."""

    padding: Literal["same", "valid"] = "same"


class Hidden(Section):
    """A dense layer between the convolutions and the output."""

    units: Count
    norm: Literal["none", "batch"] = "none"
    activation: Activation = "relu"
    dropout: Fraction = 0.0


class ClassifierConfig(Section):
    """Pictures to one logit a class."""

    input_range: Literal["[-1, 1]", "[0, 1]"] = "[-1, 1]"
    """What the pixels are scaled to before the first convolution."""
    blocks: Annotated[tuple[ConvBlock, ...], Field(min_length=1)]
    flatten: Literal["flatten", "average"] = "flatten"
    """How the last feature map becomes a vector: all of it, or its average over the picture."""
    hidden: tuple[Hidden, ...] = ()


class Projection(Section):
    """The generator's first layer: latent vector to a small picture of many channels."""

    size: Annotated[int, Field(ge=1, le=64)]
    filters: Count
    norm: Literal["none", "batch"] = "batch"
    activation: Activation = "relu"


class OutputBlock(Section):
    """The generator's last transposed convolution, to the data's channels, with tanh."""

    kernel: Annotated[int, Field(ge=1, le=31)] = 5
    stride: Annotated[int, Field(ge=1, le=8)] = 2


class GeneratorConfig(Section):
    """Latent vectors to pictures in [-1, 1]."""

    latent_dim: Count = 100
    projection: Projection
    blocks: tuple[TransposedBlock, ...] = ()
    output: OutputBlock = OutputBlock()
    init_stddev: Positive | None = None
    """Standard deviation of normal initial weights; null: Keras's Glorot uniform."""


class DiscriminatorConfig(Section):
    """The discriminator: pictures to one logit each, real is 1 and fake is 0."""

    blocks: Annotated[tuple[ConvBlock, ...], Field(min_length=1)]
    output_spectral_norm: bool = False
    init_stddev: Positive | None = None
