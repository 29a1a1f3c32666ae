"""The DCGAN's two networks (Radford, Metz and Chintala, 2016)."""

from __future__ import annotations

import keras
from keras import layers

from convgan.config import DiscriminatorConfig, GeneratorConfig
from convgan.models.blocks import (
    activate,
    conv_block,
    initializer,
    normalise,
    spectral,
    transposed_block,
)


def build_generator(config: GeneratorConfig, channels: int) -> keras.Model:
    """Build the generator: latent vectors (N, latent_dim) to float32 pictures in [-1, 1]."""
    start = config.projection
    z = layers.Input((config.latent_dim,), name="z")
    x = layers.Dense(
        start.size * start.size * start.filters,
        kernel_initializer=initializer(config.init_stddev),
        name="projection",
    )(z)
    x = layers.Reshape((start.size, start.size, start.filters), name="projection_reshape")(x)
    x = activate(normalise(x, start.norm, "projection"), start.activation, "projection")
    for place, block in enumerate(config.blocks, start=1):
        x = transposed_block(x, block, init_stddev=config.init_stddev, name=f"block{place}")
    x = layers.Conv2DTranspose(
        channels,
        config.output.kernel,
        strides=config.output.stride,
        padding="same",
        kernel_initializer=initializer(config.init_stddev),
        name="output_conv",
    )(x)
    images = layers.Activation("tanh", dtype="float32", name="images")(x)
    return keras.Model(z, images, name="generator")


def build_discriminator(
    config: DiscriminatorConfig, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Build the discriminator: float pictures in [-1, 1] to float32 logits (N, 1), real is 1."""
    images = layers.Input(image_shape, name="images")
    x = images
    for place, block in enumerate(config.blocks, start=1):
        x = conv_block(x, block, init_stddev=config.init_stddev, name=f"block{place}")
    x = layers.Flatten(name="flatten")(x)
    output = layers.Dense(1, kernel_initializer=initializer(config.init_stddev), name="output")
    x = spectral(output, wrap=config.output_spectral_norm)(x)
    logits = layers.Activation("linear", dtype="float32", name="logits")(x)
    return keras.Model(images, logits, name="discriminator")
