"""A network: convolutions whose channels are weighted by what the whole map holds.

Hu et al., 2018, "Squeeze-and-Excitation Networks".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from convgan.config.kinds import (
    CLASSIFIERS,
    DISCRIMINATORS,
    ClassifierConfig,
    DiscriminatorConfig,
    ImageShape,
)
from convgan.lazy import LazyModule

if TYPE_CHECKING:
    import keras
    from keras import layers
else:
    keras, layers = LazyModule("keras"), LazyModule("keras.layers")


def encode(x: keras.KerasTensor, filters: tuple[int, ...]) -> keras.KerasTensor:
    """Halve the maps once for each number of filters; return one vector (N, C)."""
    for count in filters:
        x = layers.Conv2D(count, 3, strides=2, padding="same", activation="silu")(x)
        weights = layers.GlobalAveragePooling2D()(x)
        weights = layers.Dense(max(1, count // 4), activation="relu")(weights)
        weights = layers.Dense(count, activation="sigmoid")(weights)
        x = layers.Multiply()([x, layers.Reshape((1, 1, count))(weights)])
    return layers.GlobalAveragePooling2D()(x)


@DISCRIMINATORS.add("squeeze_excite")
class SqueezeExciteDiscriminator(DiscriminatorConfig):
    """One logit."""

    name: Literal["squeeze_excite"]
    filters: tuple[int, ...] = (8, 12)

    def build(self, image_shape: ImageShape, num_classes: int) -> keras.Model:
        del num_classes  # it has no use for them, and so cannot be conditional
        images = layers.Input(image_shape)
        return keras.Model(images, layers.Dense(1, dtype="float32")(encode(images, self.filters)))


@CLASSIFIERS.add("squeeze_excite")
class SqueezeExciteClassifier(ClassifierConfig):
    """One logit per class."""

    name: Literal["squeeze_excite"]
    filters: tuple[int, ...] = (8, 12)

    def build(self, image_shape: ImageShape, num_classes: int) -> keras.Model:
        images = layers.Input(image_shape)
        features = layers.Activation("linear", name="features")(encode(images, self.filters))
        return keras.Model(images, layers.Dense(num_classes, dtype="float32")(features))
