"""Networks that are given the class: the generator's norms follow it, D's logit has a term for it.

Classes reach a network as one-hot vectors (N, K), its second input. Without classes, too, a
generator's norms can follow the latent vector.
"""

from __future__ import annotations

import math
from typing import Any, Literal

from convgan.config.section import Count, Section
from convgan.lazy import keras, layers, tf
from convgan.models.functional import Vectors, convolution

_EMBEDDING = 128


class Modulated(Section):
    """What the scales and shifts of a generator's batch norms follow."""

    modulation: Literal["none", "latent"] = "none"
    """`latent`: the latent vector and, in a conditional network, the class (Chen et al., 2019,
    "On Self Modulation for Generative Adversarial Networks"); `none`: the class alone, if any."""
    modulation_units: Count = 32
    """ReLU units through which the latent vector does it."""

    def condition(self, z: Vectors, classes: Vectors | None) -> tuple[Vectors, Vectors | None]:
        """Return what the projection gets, and what the norms follow, if anything."""
        code = z if classes is None else layers.Concatenate(name="z_and_class")([z, classes])
        if self.modulation == "none":
            return code, classes
        return code, layers.Dense(self.modulation_units, activation="relu", name="condition")(code)


def class_input(num_classes: int) -> Vectors | None:
    """Return the input for one-hot classes (N, K), or None for a network that is given none."""
    return layers.Input((num_classes,), name="classes") if num_classes else None


def model(x: Any, classes: Vectors | None, outputs: Any, name: str) -> keras.Model:
    """Return the network of x and, in a conditional one, of classes."""
    return keras.Model(x if classes is None else [x, classes], outputs, name=name)


def adversarial_logits(
    features: Vectors,
    classes: Vectors | None,
    *,
    spectral_norm: bool,
    init_stddev: float | None = None,
) -> Vectors:
    """Return a discriminator's float32 logits (N, 1) of features f, (N, F).

    They are w · f + b and, of one-hot classes y, (N, K), also ⟨E y, V f⟩ / √128: the projection of
    Miyato and Koyama (2018, eq. 3). E is zero at the start, when the class has no influence.
    """

    def dense(units: int, name: str, *, use_bias: bool) -> Vectors:
        return convolution(
            features, units, 1, name,
            use_bias=use_bias, init_stddev=init_stddev, spectral_norm=spectral_norm,
        )  # fmt: skip

    logits = dense(1, "output", use_bias=True)
    if classes is not None:
        embedding = convolution(
            classes, _EMBEDDING, 1, "class_embedding", use_bias=False, zero=True
        )
        seen = dense(_EMBEDDING, "class_features", use_bias=False)
        product = layers.Dot(axes=1, name="class_projection")([embedding, seen])
        product = layers.Rescaling(1 / math.sqrt(_EMBEDDING), name="class_logit")(product)
        logits = layers.Add(name="logit_and_class")([logits, product])
    return layers.Activation("linear", dtype="float32", name="logits")(logits)


def inputs_of(network: keras.Model, x: tf.Tensor, labels: tf.Tensor | None) -> Any:
    """Return what a generator or discriminator is called with, of labels (N,) if it is given any.

    Raises:
        ValueError: it needs labels, and there are none.
    """
    if len(network.inputs) == 1:
        return x
    if labels is None:
        raise ValueError(f"{network.name} is conditional: expected a label for each")
    return [tf.convert_to_tensor(x), tf.one_hot(labels, network.inputs[1].shape[-1])]
