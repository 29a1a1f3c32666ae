"""A trained network as other programs use it: uint8 pictures, named inputs and outputs.

All of Keras's own layers and operations, so that a `.keras` file of it needs no convgan.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers, ops

from convgan.config.training import View
from convgan.models.network_file import in_float32, plain_copy
from convgan.models.views import mean_logits


def deployable_classifier(
    network: keras.Model, *, temperature: float, views: Sequence[View]
) -> keras.Model:
    """Return the network from `images`, uint8 (N, H, W, C), to `probabilities`, (N, K).

    Those of its logits divided by the temperature, the mean over each picture and its views.
    """
    logits_of = plain_copy(network)
    with in_float32():
        images = layers.Input(network.input_shape[1:], dtype="uint8", name="images")
        values = layers.Rescaling(1 / 127.5, offset=-1.0)(images)
        logits = mean_logits(logits_of, values, views)
        probabilities = layers.Softmax()(logits / temperature)
        return keras.Model({"images": images}, {"probabilities": probabilities})


def deployable_generator(network: keras.Model) -> keras.Model:
    """Return the network from `z`, (N, latent_dim), to `images`, uint8 (N, H, W, C).

    A conditional one is also given `label`, int32 (N,), the number of each picture's class. (A
    SavedModel has no input named `class`, as that is a word of Python.)
    """
    values_of = plain_copy(network)
    with in_float32():
        given = z = layers.Input(network.inputs[0].shape[1:], name="z")
        inputs = {"z": z}
        if len(network.inputs) > 1:
            inputs["label"] = label = layers.Input((), dtype="int32", name="label")
            given = [z, ops.one_hot(label, network.inputs[1].shape[-1])]
        levels = ops.round((values_of(given) + 1.0) * 127.5)
        images = ops.cast(ops.clip(levels, 0.0, 255.0), "uint8")
        return keras.Model(inputs, {"images": images})
