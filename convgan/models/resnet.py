"""Residual networks (He et al., 2016), for all three roles.

One block serves all: normalisation and activation come before the convolutions, as in He et al.,
2016, "Identity Mappings in Deep Residual Networks"; Miyato et al., 2018, use it in GANs.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from convgan.config.kinds import (
    CLASSIFIERS,
    DISCRIMINATORS,
    GENERATORS,
    ClassifierConfig,
    DiscriminatorConfig,
    GeneratorConfig,
    ImageShape,
)
from convgan.config.section import Count, Fraction, Section
from convgan.lazy import keras, layers
from convgan.models.blocks import Kernel, Stride
from convgan.models.classifier import class_logits
from convgan.models.conditioning import Modulated, adversarial_logits, class_input, model
from convgan.models.dcgan import Projection
from convgan.models.functional import (
    Activation,
    Maps,
    Norm,
    Vectors,
    activate,
    convolution,
    dropout,
    normalise,
    pool,
    upsample,
)
from convgan.models.proposals import Enlarging, propose


class ResidualBlock(Section):
    """Two convolutions, to whose result their input is added."""

    filters: Count
    kernel: Kernel = 3
    stride: Stride = 1
    """By which a discriminator or classifier shrinks the maps and a generator enlarges them."""
    dropout: Fraction = 0.0
    """Before the second convolution."""


class Stem(Section):
    """The first convolution, before the residual blocks."""

    filters: Count
    kernel: Kernel = 3
    stride: Stride = 1


class Prepared(Section):
    """What stands before each convolution of the residual blocks, and before the output."""

    norm: Norm = "batch"
    groups: Count = 8
    """Of `norm: group`; they must divide the filters."""
    activation: Activation = "relu"

    def prepare(
        self, x: Maps, name: str, *, exact_norm: bool = False, condition: Vectors | None = None
    ) -> Maps:
        """Normalise and activate."""
        x = normalise(
            x, self.norm, name, groups=self.groups, exact_norm=exact_norm, condition=condition
        )
        return activate(x, self.activation, name)


Blocks = Annotated[tuple[ResidualBlock, ...], Field(min_length=1, max_length=100)]


@GENERATORS.add("resnet")
class ResNetGenerator(GeneratorConfig, Prepared, Modulated):
    """A projection, residual blocks that enlarge, a convolution with tanh."""

    name: Literal["resnet"]
    projection: Projection
    blocks: Blocks
    upsample: Literal["nearest", "transposed"] = "nearest"
    """What enlarges: repeated pixels before a convolution, or a transposed convolution."""
    output_kernel: Kernel = 3

    def build(self, image_shape: ImageShape, num_classes: int) -> keras.Model:
        """Build the network: latent vectors (N, latent_dim) to float32 images in [-1, 1]."""
        z, classes = layers.Input((self.latent_dim,), name="z"), class_input(num_classes)
        code, condition = self.condition(z, classes)
        x = self.projection.apply(code, None, condition)
        for index, block in enumerate(self.blocks, start=1):
            x = self._residual(x, block, f"block{index}", condition)
        x = self.prepare(x, "output", condition=condition)
        x = convolution(x, image_shape[-1], self.output_kernel, "output_conv")
        images = layers.Activation("tanh", dtype="float32", name="images")(x)
        return model(z, classes, images, "generator")

    def proposals(self, image_shape: ImageShape) -> list[str]:
        """Return changes of the projection, of the strides or of both that would fit."""
        enlarging = [
            Enlarging(f"blocks.{index}", block.stride, lambda size, stride: size * stride)
            for index, block in enumerate(self.blocks)
        ]
        return propose(self.projection.size, enlarging, image_shape)

    def _residual(
        self, x: Maps, block: ResidualBlock, name: str, condition: Vectors | None
    ) -> Maps:
        """Enlarge (N, H, W, C) to (N, H · stride, W · stride, filters)."""

        def enlarged(x: Maps, kernel: int, name: str) -> Maps:
            if self.upsample == "transposed" and block.stride > 1:
                size, stride = max(kernel, block.stride), block.stride
                transposed = layers.Conv2DTranspose(
                    block.filters, size, strides=stride, padding="same", name=name
                )
                return transposed(x)
            x = upsample(x, block.stride, f"{name}_upsample")
            return convolution(x, block.filters, kernel, name)

        skip = x
        if block.stride > 1 or x.shape[-1] != block.filters:
            skip = enlarged(x, 1, f"{name}_skip")
        first, second = f"{name}_conv1", f"{name}_conv2"
        x = enlarged(self.prepare(x, first, condition=condition), block.kernel, first)
        x = dropout(self.prepare(x, second, condition=condition), block.dropout, second)
        x = convolution(x, block.filters, block.kernel, second)
        return layers.Add(name=f"{name}_add")([skip, x])


class ResNetEncoder(Prepared):
    """Images to one vector: a first convolution, residual blocks that shrink, an average."""

    stem: Stem
    blocks: Blocks
    downsample: Literal["stride", "max_pool", "average_pool"] = "stride"
    """What shrinks: the second convolution of a block, or a pooling after it."""
    spectral_norm: bool = False

    def encode(self, images: keras.KerasTensor, *, key: str, exact_norm: bool) -> keras.KerasTensor:
        """Return the vectors (N, filters of the last block).

        Raises:
            UsageError: the maps are too small to be pooled.
        """
        x = convolution(
            images, self.stem.filters, self.stem.kernel, "stem_conv",
            stride=self.stem.stride, spectral_norm=self.spectral_norm,
        )  # fmt: skip
        for index, block in enumerate(self.blocks):
            x = self._residual(
                x, block, f"block{index + 1}", key=f"{key}.blocks.{index}", exact_norm=exact_norm
            )
        x = self.prepare(x, "head", exact_norm=exact_norm)
        return layers.GlobalAveragePooling2D(name="average")(x)

    def _residual(
        self, x: Maps, block: ResidualBlock, name: str, *, key: str, exact_norm: bool
    ) -> Maps:
        """Shrink (N, H, W, C) to (N, H / stride, W / stride, filters)."""
        pooled = self.downsample != "stride" and block.stride > 1

        def shrunk(x: Maps, kernel: int, name: str) -> Maps:
            x = convolution(
                x, block.filters, kernel, name,
                stride=1 if pooled else block.stride, spectral_norm=self.spectral_norm,
            )  # fmt: skip
            return pool(x, self.downsample, block.stride, f"{name}_pool", key=key) if pooled else x

        skip = x
        if block.stride > 1 or x.shape[-1] != block.filters:
            skip = shrunk(x, 1, f"{name}_skip")
        first, second = f"{name}_conv1", f"{name}_conv2"
        x = self.prepare(x, first, exact_norm=exact_norm)
        x = convolution(x, block.filters, block.kernel, first, spectral_norm=self.spectral_norm)
        x = dropout(self.prepare(x, second, exact_norm=exact_norm), block.dropout, second)
        return layers.Add(name=f"{name}_add")([skip, shrunk(x, block.kernel, second)])


@DISCRIMINATORS.add("resnet")
class ResNetDiscriminator(DiscriminatorConfig, ResNetEncoder):
    """The encoder and one dense output."""

    name: Literal["resnet"]
    norm: Norm = "none"
    activation: Activation = "leaky_relu"

    def build(self, image_shape: ImageShape, num_classes: int) -> keras.Model:
        """Build the network: float images in [-1, 1] to float32 logits (N, 1), real is 1."""
        images, classes = layers.Input(image_shape, name="images"), class_input(num_classes)
        x = self.encode(images, key="discriminator", exact_norm=True)
        logits = adversarial_logits(x, classes, spectral_norm=self.spectral_norm)
        return model(images, classes, logits, "discriminator")


@CLASSIFIERS.add("resnet")
class ResNetClassifier(ClassifierConfig, ResNetEncoder):
    """The encoder and one logit per class."""

    name: Literal["resnet"]

    def build(self, image_shape: ImageShape, num_classes: int) -> keras.Model:
        """Build the network: float images (N, H, W, C) in [-1, 1] to float32 logits (N, K)."""
        images = layers.Input(image_shape, name="images")
        x = self.encode(images, key="model", exact_norm=False)
        return keras.Model(images, class_logits(x, num_classes), name="classifier")
