"""The DCGAN's two networks (Radford, Metz and Chintala, 2016)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from convgan.config.kinds import (
    DISCRIMINATORS,
    GENERATORS,
    DiscriminatorConfig,
    GeneratorConfig,
    ImageShape,
)
from convgan.config.section import Count, Positive, Section
from convgan.lazy import keras, layers
from convgan.models.blocks import ConvBlock, Kernel, Stride, UpBlock, conv_block, up_block
from convgan.models.conditioning import Modulated, adversarial_logits, class_input, model
from convgan.models.functional import (
    Activation,
    Maps,
    Norm,
    Vectors,
    activate,
    convolution,
    initializer,
    normalise,
)
from convgan.models.proposals import Enlarging, propose


class Projection(Section):
    """The generator's first layer: latent vector to small maps of many channels."""

    size: Annotated[int, Field(ge=1, le=64)]
    filters: Count
    norm: Norm = "batch"
    activation: Activation = "relu"

    def apply(self, code: Vectors, init_stddev: float | None, condition: Vectors | None) -> Maps:
        """Latent vectors, with classes if any, (N, D), to maps (N, size, size, filters)."""
        x = convolution(code, self.size**2 * self.filters, 1, "projection", init_stddev=init_stddev)
        shape = (self.size, self.size, self.filters)
        x = layers.Reshape(shape, name="projection_reshape")(x)
        x = normalise(x, self.norm, "projection", condition=condition)
        return activate(x, self.activation, "projection")


class OutputBlock(Section):
    """The generator's last transposed convolution, to the data's channels, with tanh."""

    kernel: Kernel = 5
    stride: Stride = 2


@GENERATORS.add("dcgan")
class DCGANGenerator(GeneratorConfig, Modulated):
    """A projection, then transposed convolutions."""

    name: Literal["dcgan"] = "dcgan"
    projection: Projection
    blocks: Annotated[tuple[UpBlock, ...], Field(max_length=100)] = ()
    output: OutputBlock = OutputBlock()
    init_stddev: Positive | None = None
    """Standard deviation of normal initial weights; null: Keras's Glorot uniform."""

    def build(self, image_shape: ImageShape, num_classes: int) -> keras.Model:
        """Build the network: latent vectors (N, latent_dim) to float32 images in [-1, 1]."""
        z, classes = layers.Input((self.latent_dim,), name="z"), class_input(num_classes)
        code, condition = self.condition(z, classes)
        x = self.projection.apply(code, self.init_stddev, condition)
        for index, block in enumerate(self.blocks):
            x = up_block(
                x, block, f"block{index + 1}", key=f"generator.blocks.{index}",
                init_stddev=self.init_stddev, condition=condition,
            )  # fmt: skip
        x = layers.Conv2DTranspose(
            image_shape[-1],
            self.output.kernel,
            strides=self.output.stride,
            padding="same",
            kernel_initializer=initializer(self.init_stddev),
            name="output_conv",
        )(x)
        images = layers.Activation("tanh", dtype="float32", name="images")(x)
        return model(z, classes, images, "generator")

    def proposals(self, image_shape: ImageShape) -> list[str]:
        """Return changes of the projection, of the strides or of both that would fit."""
        enlarging = [
            Enlarging(f"blocks.{index}", block.stride, block.output_size)
            for index, block in enumerate(self.blocks)
        ]
        output = Enlarging("output", self.output.stride, lambda size, stride: size * stride)
        return propose(self.projection.size, [*enlarging, output], image_shape)


@DISCRIMINATORS.add("dcgan")
class DCGANDiscriminator(DiscriminatorConfig):
    """Strided convolutions, then one dense output."""

    name: Literal["dcgan"] = "dcgan"
    blocks: Annotated[tuple[ConvBlock, ...], Field(min_length=1, max_length=100)]
    output_spectral_norm: bool = False
    init_stddev: Positive | None = None

    def build(self, image_shape: ImageShape, num_classes: int) -> keras.Model:
        """Build the network: float images in [-1, 1] to float32 logits (N, 1), real is 1."""
        images, classes = layers.Input(image_shape, name="images"), class_input(num_classes)
        x = images
        for index, block in enumerate(self.blocks):
            x = conv_block(
                x, block, f"block{index + 1}", key=f"discriminator.blocks.{index}",
                init_stddev=self.init_stddev, exact_norm=True,
            )  # fmt: skip
        x = layers.Flatten(name="flatten")(x)
        logits = adversarial_logits(
            x, classes, spectral_norm=self.output_spectral_norm, init_stddev=self.init_stddev
        )
        return model(images, classes, logits, "discriminator")
