"""Muon: momentum whose update of each convolution is made orthogonal (Jordan et al., 2024)."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # Jordan's quintic: singular values to about 1
_ITERATIONS = 5


class Muon(keras.optimizers.Adam):
    """Muon for convolution kernels, Adam for all other weights.

    A kernel (H, W, I, O) moves as the matrix (H·W·I, O): by `learning_rate` times its Nesterov
    momentum with all singular values set to about 1, times √(O / min(H·W·I, O)), so that the step
    has the size that Glorot's initial kernels of as many inputs as outputs have.

    Args:
        learning_rate: of the kernels, as a fraction of such a kernel's norm.
        momentum: of the kernels.
        adam_rate: what Adam's learning rate is, as a multiple of `learning_rate`.
    """

    def __init__(self, learning_rate: Any, *, momentum: float, adam_rate: float) -> None:
        super().__init__(learning_rate)
        self.momentum = momentum
        self.adam_rate = adam_rate

    def update_step(
        self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor
    ) -> None:
        """Move one variable."""
        if len(variable.shape) != 4:
            super().update_step(gradient, variable, learning_rate * self.adam_rate)
            return
        moment = self._momentums[self._get_variable_index(variable)]
        moment.assign(self.momentum * moment.value + gradient)
        step = orthogonal(
            tf.reshape(gradient + self.momentum * moment.value, [-1, variable.shape[-1]])
        )
        rows, columns = step.shape
        step *= learning_rate * max(1.0, columns / rows) ** 0.5
        variable.assign_sub(tf.reshape(step, variable.shape))


def orthogonal(matrix: tf.Tensor) -> tf.Tensor:
    """Return U Vᵀ of a matrix U S Vᵀ, nearly: its singular values are between about 0.7 and 1.2."""
    a, b, c = _NEWTON_SCHULZ
    wide = matrix.shape[0] < matrix.shape[1]
    x = matrix if wide else tf.transpose(matrix)
    x /= tf.norm(x) + 1e-7
    for _ in range(_ITERATIONS):
        square = tf.matmul(x, x, transpose_b=True)
        x = a * x + tf.matmul(b * square + c * tf.matmul(square, square), x)
    return x if wide else tf.transpose(x)
