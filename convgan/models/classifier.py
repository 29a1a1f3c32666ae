"""The classifier's network: pictures to one logit a class."""

from __future__ import annotations

import keras
from keras import layers

from convgan.config import ClassifierConfig
from convgan.models.blocks import activate, conv_block, dropout, normalise


def build_classifier(
    model: ClassifierConfig, image_shape: tuple[int, int, int], num_classes: int
) -> keras.Model:
    """Build the network: float pictures (N, H, W, C) in [-1, 1] to float32 logits (N, K).

    The softmax of the article's network is part of the loss here, which is the same function
    and safe against overflow. The layer named `features` is what metrics look at.
    """
    images = layers.Input(image_shape, name="images")
    x = images
    if model.input_range == "[0, 1]":
        x = layers.Rescaling(0.5, offset=0.5, name="unit_range")(x)
    for place, block in enumerate(model.blocks, start=1):
        x = conv_block(x, block, init_stddev=None, name=f"block{place}")
    flatten = layers.Flatten if model.flatten == "flatten" else layers.GlobalAveragePooling2D
    x = flatten(name=model.flatten)(x)
    for place, hidden in enumerate(model.hidden, start=1):
        x = layers.Dense(hidden.units, name=f"hidden{place}")(x)
        x = activate(
            normalise(x, hidden.norm, f"hidden{place}"), hidden.activation, f"hidden{place}"
        )
        x = dropout(x, hidden.dropout, f"hidden{place}")
    x = layers.Activation("linear", name="features")(x)
    x = layers.Dense(num_classes, name="classes")(x)
    logits = layers.Activation("linear", dtype="float32", name="logits")(x)
    return keras.Model(images, logits, name="classifier")
