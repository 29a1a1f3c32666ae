"""The arithmetic of strided convolutions: sizes, receptive fields, costs.

Whole numbers only, one axis at a time, nothing is built. Letters as in the literature: n is the
size of the image, f of the filter, s the stride, p the padding on each side.

Sources: Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep learning"
(arXiv:1603.07285); Araujo, Norris & Sim 2019, "Computing Receptive Fields of Convolutional
Neural Networks" (Distill, doi:10.23915/distill.00021). "same" and the transposed sizes are
TensorFlow's and Keras's, which the guide leaves open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from convgan.errors import UsageError

Padding = Literal["same", "valid"] | int
"""`same` (as much as stride 1 would need to keep the size), `valid` (none), or pixels a side."""


def conv_output_size(size: int, kernel: int, *, stride: int = 1, padding: Padding = "valid") -> int:
    """Return how many pixels a convolution leaves of `size` pixels.

    floor((n + 2p − f) / s) + 1 with `valid` (p = 0) and explicit padding; ceil(n / s) with
    `same`, whatever the kernel.

    Raises:
        UsageError: the kernel is larger than the padded image.
    """
    if padding == "same":
        return -(-size // stride)
    padded = size if padding == "valid" else size + 2 * padding
    if kernel > padded:
        raise UsageError(
            f"got {padded} pixels{' with the padding' if padded > size else ''} on an axis, "
            f"expected at least {kernel} for a window of {kernel}×{kernel}"
        )
    return (padded - kernel) // stride + 1


def transposed_output_size(
    size: int, kernel: int, *, stride: int = 1, padding: Literal["same", "valid"] = "valid"
) -> int:
    """Return how many pixels a transposed convolution makes of `size` pixels.

    n·s with `same`; (n − 1)·s + f with `valid`, or n·s where f < s, which is Keras's choice.
    """
    return size * stride + (max(kernel - stride, 0) if padding == "valid" else 0)


@dataclass(frozen=True)
class ReceptiveField:
    """What one value of a feature map sees of the image, in pixels along an axis."""

    size: int = 1
    """Pixels that the value depends on, those of the padding included."""
    jump: int = 1
    """Pixels between what neighbouring values see: the product of the strides so far."""

    def through(self, kernel: int, *, stride: int = 1) -> ReceptiveField:
        """Return the field after one more convolution or pooling (Araujo et al., eq. 2).

        r' = r + (f − 1)·j and j' = j·s: the kernel spans f values that lie j pixels apart.
        """
        return ReceptiveField(self.size + (kernel - 1) * self.jump, self.jump * stride)


def conv_multiply_adds(
    height: int, width: int, kernel: int, in_channels: int, out_channels: int
) -> int:
    """Return the multiply-adds of a convolution for one image: H·W·f·f·in·out.

    Height and width are the output's for a convolution. They are the input's for a transposed
    one, which spreads each input pixel over f·f output pixels. Products with the padding, or
    cut away by it, are counted: dense implementations compute them too. The bias is not.
    """
    return height * width * kernel * kernel * in_channels * out_channels
