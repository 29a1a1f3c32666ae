"""Layers that Keras has in a form that is not right here.

A gradient penalty needs second-order gradients. Keras's normalisations take `tf.nn.moments`, which
stops the gradient at the mean: their first derivative is right, their second is not. And Keras's
SpectralNormalization divides the kernel itself, and differentiates through nothing of it. On
several replicas normalisation over the batch and dropout are to be those of the whole batch.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from convgan.replicas import drawn, replica_count, replica_mean


def _as_keras(layer: keras.layers.Layer) -> tuple[keras.layers.Layer, list[np.ndarray]]:
    """Return Keras's own layer for the same function, and its weights."""
    keras_class: Any = type(layer).__base__
    return keras_class.from_config(layer.get_config()), layer.get_weights()


class BatchNorm(keras.layers.BatchNormalization):
    """Batch normalisation (Ioffe and Szegedy, 2015) with an exact second derivative.

    On several replicas it is over their whole batch.
    """

    def _moments(self, inputs: tf.Tensor, _mask: Any) -> tuple[tf.Tensor, tf.Tensor]:
        mean = replica_mean(tf.reduce_mean(inputs, self._reduction_axes))
        return mean, replica_mean(tf.reduce_mean(tf.square(inputs - mean), self._reduction_axes))

    as_keras = _as_keras


class Dropout(keras.layers.Dropout):
    """Dropout (Srivastava et al., 2014), on several replicas by the mask of their whole batch."""

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Set values to 0 with the probability `rate` in training, and enlarge the others."""
        if not training or replica_count() == 1:
            return super().call(inputs, training=training)

        def mask(rows: tf.Tensor) -> tf.Tensor:
            ones = tf.ones([rows, *inputs.shape[1:]], inputs.dtype)
            return keras.random.dropout(ones, self.rate, seed=self.seed_generator)

        return inputs * drawn(mask, tf.shape(inputs)[0])

    as_keras = _as_keras


class GroupNorm(keras.layers.GroupNormalization):
    """Group normalisation (Wu and He, 2018) with an exact second derivative.

    With one group it is layer normalisation over (H, W, C), with as many as channels instance
    normalisation. No sample sees another.
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Normalise maps (N, H, W, C) over (H, W) and each group of channels."""
        height, width, channels = inputs.shape[1:]
        x = tf.cast(inputs, tf.float32)
        x = tf.reshape(x, [-1, height, width, self.groups, channels // self.groups])
        mean = tf.reduce_mean(x, [1, 2, 4], keepdims=True)
        variance = tf.reduce_mean(tf.square(x - mean), [1, 2, 4], keepdims=True)
        x = (x - mean) * tf.math.rsqrt(variance + self.epsilon)
        x = tf.reshape(x, [-1, height, width, channels]) * self.gamma + self.beta
        return tf.cast(x, self.compute_dtype)

    as_keras = _as_keras


class SpectralNorm(keras.layers.Layer):
    """A convolution or dense layer whose weight matrix is divided by its spectral norm σ.

    Miyato et al., 2018, section 2.1 and appendix A: σ = |W u|, W with a row per output, u by one
    power iteration per step, in which the training calls `power_iteration`. The gradient goes
    through σ, not through u.

    Args:
        layer: built by this one, without bias, which is added after the division.
        use_bias: whether there is one.
    """

    def __init__(self, layer: keras.layers.Layer, *, use_bias: bool, name: str) -> None:
        super().__init__(name=name)
        self.layer = layer
        self.use_bias = use_bias

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the kernel, u and the bias."""
        self.layer.build(input_shape)
        outputs = self.layer.kernel.shape[-1]
        self.u = self.add_weight(
            shape=(outputs,), initializer="random_normal", trainable=False, name="u", autocast=False
        )
        if self.use_bias:
            self.bias = self.add_weight(shape=(outputs,), initializer="zeros", name="bias")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Apply W x / σ + b."""
        outputs = self.layer(inputs)
        outputs /= ops.cast(self.sigma(), outputs.dtype)
        return outputs + self.bias if self.use_bias else outputs

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the layer's own."""
        shape: tuple[int | None, ...] = self.layer.compute_output_shape(input_shape)
        return shape

    def sigma(self) -> tf.Tensor:
        """Return the estimate of the largest singular value, a float32 scalar."""
        u = self.u / ops.norm(self.u)
        return ops.norm(ops.matmul(self._matrix(), u[:, None]))

    def power_iteration(self) -> None:
        """Make one: v = W u, u = Wᵀ v, normalised."""
        matrix = self._matrix()
        v = ops.matmul(matrix, self.u[:, None])
        u = ops.matmul(ops.transpose(matrix), v)[:, 0]
        self.u.assign(u / (ops.norm(u) + 1e-12))

    def _matrix(self) -> tf.Tensor:
        """The kernel as float32 (inputs, outputs)."""
        kernel = ops.cast(self.layer.kernel, "float32")
        return ops.reshape(kernel, (-1, kernel.shape[-1]))

    def as_keras(self) -> tuple[keras.layers.Layer, list[np.ndarray]]:
        """Return Keras's own layer for the same function, the division done."""
        settings = self.layer.get_config() | {"use_bias": self.use_bias, "name": self.name}
        kernel = ops.convert_to_numpy(self.layer.kernel / self.sigma())
        bias = [ops.convert_to_numpy(self.bias)] if self.use_bias else []
        return type(self.layer).from_config(settings), [kernel, *bias]


def update_spectral_norms(network: keras.Model) -> None:
    """Make one power iteration for each `SpectralNorm`; to be called once per training step."""
    for layer in network.layers:
        if isinstance(layer, SpectralNorm):
            layer.power_iteration()
