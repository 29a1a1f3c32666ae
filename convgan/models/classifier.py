"""The classifier: convolution blocks, then dense layers (the article's network is of this kind)."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from pydantic import Field

from convgan.config.kinds import CLASSIFIERS, ClassifierConfig, ImageShape
from convgan.config.section import Count, Fraction, Section
from convgan.lazy import keras, layers
from convgan.models.blocks import ConvBlock, conv_block
from convgan.models.conv_arithmetic import conv_output_size
from convgan.models.functional import Activation, activate, check_sizes, dropout, normalise


class Hidden(Section):
    """A dense layer between the convolutions and the output."""

    units: Count
    norm: Literal["none", "batch"] = "none"
    activation: Activation = "relu"
    dropout: Fraction = 0.0


@CLASSIFIERS.add("classifier")
class Classifier(ClassifierConfig):
    """Blocks of convolutions, one vector, dense layers, one logit per class."""

    name: Literal["classifier"] = "classifier"
    input_range: Literal["[-1, 1]", "[0, 1]"] = "[-1, 1]"
    """What the pixels are scaled to before the first convolution."""
    whitening: Annotated[int, Field(ge=0, le=7)] = 0
    """Side of the patches that a first convolution, which is not trained, makes uncorrelated
    (see `models.whitening`), with a ReLU behind it; 0 for none."""
    blocks: Annotated[tuple[ConvBlock, ...], Field(min_length=1, max_length=100)]
    flatten: Literal["flatten", "average", "maximum"] = "flatten"
    """How the last feature map becomes a vector: all of it, or its average or maximum over the
    image."""
    hidden: Annotated[tuple[Hidden, ...], Field(max_length=100)] = ()

    def build(self, image_shape: ImageShape, num_classes: int) -> keras.Model:
        """Build the network: float images (N, H, W, C) in [-1, 1] to float32 logits (N, K)."""
        images = layers.Input(image_shape, name="images")
        x = images
        if self.input_range == "[0, 1]":
            x = layers.Rescaling(0.5, offset=0.5, name="unit_range")(x)
        if self.whitening:
            title = f"model.whitening: patches of {self.whitening}×{self.whitening}"
            check_sizes(title, x, partial(conv_output_size, kernel=self.whitening))
            x = layers.Conv2D(
                2 * self.whitening**2 * image_shape[-1], self.whitening,
                padding="same", use_bias=False, trainable=False, name="whitening",
            )(x)  # fmt: skip
            x = activate(x, "relu", "whitening")
        for index, block in enumerate(self.blocks):
            x = conv_block(
                x, block, f"block{index + 1}", key=f"model.blocks.{index}",
                init_stddev=None, exact_norm=False,
            )  # fmt: skip
        flatten = {
            "flatten": layers.Flatten,
            "average": layers.GlobalAveragePooling2D,
            "maximum": layers.GlobalMaxPooling2D,
        }
        x = flatten[self.flatten](name=self.flatten)(x)
        for index, hidden in enumerate(self.hidden, start=1):
            name = f"hidden{index}"
            x = layers.Dense(hidden.units, name=name)(x)
            x = activate(normalise(x, hidden.norm, name), hidden.activation, name)
            x = dropout(x, hidden.dropout, name)
        return keras.Model(images, class_logits(x, num_classes), name="classifier")


def class_logits(x: keras.KerasTensor, num_classes: int) -> keras.KerasTensor:
    """Return float32 logits (N, K) of a vector (N, D), which becomes the layer `features`.

    The softmax of the article's network is part of the loss here, which is the same function
    and safe against overflow.
    """
    x = layers.Activation("linear", name="features")(x)
    x = layers.Dense(num_classes, name="classes")(x)
    return layers.Activation("linear", dtype="float32", name="logits")(x)
