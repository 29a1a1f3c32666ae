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
        UsageError: the kernel is larger than the padded image, or a value is out of its range.
    """
    _check(size=size, kernel=kernel, stride=stride)
    if padding == "same":
        return -(-size // stride)
    padded = size + 2 * _pixels(padding)
    if kernel > padded:
        raise UsageError(
            f"got {padded} pixels{' with the padding' if padded > size else ''} on an axis, "
            f"expected at least {kernel} for a window of {kernel}×{kernel}"
        )
    return (padded - kernel) // stride + 1


def pool_output_size(size: int, pool: int, *, stride: int | None = None) -> int:
    """Return how many pixels a pooling without padding leaves: floor((n − f) / s) + 1.

    The stride is the pool's own size unless it is given, which makes it floor(n / f): pixels
    that do not fill a window at the end are dropped.

    Raises:
        UsageError: the pool is larger than the image, or a value is out of its range.
    """
    return conv_output_size(size, pool, stride=pool if stride is None else stride)


def transposed_output_size(
    size: int, kernel: int, *, stride: int = 1, padding: Padding = "valid"
) -> int:
    """Return how many pixels a transposed convolution makes of `size` pixels.

    n·s with `same`; n·s + max(f − s, 0) with `valid` (Keras's choice where f < s); and
    (n − 1)·s + f − 2p with explicit padding, the smallest size that the convolution of the same
    f, s and p takes back to n.

    Raises:
        UsageError: the padding leaves nothing, or a value is out of its range.
    """
    _check(size=size, kernel=kernel, stride=stride)
    if padding == "same":
        return size * stride
    if padding == "valid":
        return size * stride + max(kernel - stride, 0)
    made = (size - 1) * stride + kernel
    if made <= 2 * _pixels(padding):
        raise UsageError(
            f"got padding {padding}, which cuts {2 * padding} of {made} pixels; "
            f"expected at most {(made - 1) // 2}"
        )
    return made - 2 * padding


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

        Raises:
            UsageError: the kernel or the stride is not positive.
        """
        _check(kernel=kernel, stride=stride)
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


def _pixels(padding: int | str) -> int:
    if padding == "valid":
        return 0
    if isinstance(padding, str) or padding < 0:
        raise UsageError(f"got padding {padding!r}; expected same, valid or a number from 0")
    return padding


def _check(**values: int) -> None:
    for name, value in values.items():
        if value < 1:
            raise UsageError(f"got {name} {value}; expected at least 1")
