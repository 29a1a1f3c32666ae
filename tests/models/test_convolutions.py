"""The convolutions that this processor computes, and their gradients, against float64."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from convgan.config import load_config
from convgan.errors import UsageError
from convgan.models.build import check_networks

Array = NDArray[np.float64]
# Kernel, stride, and the channels of what a convolution reads and gives.
SHAPES = [
    (kernel, stride, *channels)
    for kernel, stride in [(1, 1), (1, 2), (2, 2), (3, 1), (3, 2), (4, 2), (5, 2), (5, 3)]
    for channels in [(1, 5), (3, 16), (17, 1), (16, 20), (32, 32)]
    if kernel > 1 or stride == 1 or channels[0] >= 16  # the others are refused, see below
]


def in_float64(images: Array, kernel: Array, cotangent: Array, stride: int) -> list[Array]:
    """Return a convolution with "same" padding, and its gradients: of the kernel, of the images."""
    size, made = images.shape[1], cotangent.shape[1]
    around = max((made - 1) * stride + len(kernel) - size, 0)
    padded = np.pad(images, ((0, 0), *[(around // 2, around - around // 2)] * 2, (0, 0)))
    maps, of_kernel, of_images = (np.zeros(a.shape) for a in (cotangent, kernel, padded))
    for i, j in np.ndindex(kernel.shape[:2]):
        seen = (slice(None), *(slice(k, k + stride * (made - 1) + 1, stride) for k in (i, j)))
        maps += padded[seen] @ kernel[i, j]
        of_kernel[i, j] = np.einsum("nhwc,nhwd->cd", padded[seen], cotangent)
        of_images[seen] += cotangent @ kernel[i, j].T
    inside = slice(around // 2, around // 2 + size)
    return [maps, of_kernel, of_images[:, inside, inside]]


@pytest.mark.parametrize(("kernel", "stride", "reads", "gives"), SHAPES)
def test_a_convolution_and_its_gradients(kernel: int, stride: int, reads: int, gives: int) -> None:
    rng = np.random.default_rng(kernel)
    images = rng.normal(size=(6, 14, 14, reads))
    weights = rng.normal(size=(kernel, kernel, reads, gives))
    cotangent = rng.normal(size=(6, *[-(-14 // stride)] * 2, gives))
    expected = in_float64(images, weights, cotangent, stride)
    x, w, dy = (tf.constant(array, tf.float32) for array in (images, weights, cotangent))
    for _ in range(5):  # what is wrong is often not wrong each time
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            maps = tf.nn.conv2d(x, w, stride, "SAME")
            value = tf.reduce_sum(maps * dy)
        for found, array in zip([maps, *tape.gradient(value, [w, x])], expected, strict=True):
            np.testing.assert_allclose(found, array, atol=2e-6 * np.abs(array).max())


STRIDED = "discriminator.blocks=[{{filters: {}}}, {{filters: 4, kernel: 1, stride: 2{}}}]"
TRANSPOSED = (
    "generator.blocks=[{filters: 15, kernel: 1, stride: 2}, {filters: 4}]",
    "generator.output.stride=2",
)


@pytest.mark.parametrize(
    ("changes", "layer"),
    [
        ((STRIDED.format(15, ""),), "block2_conv"),
        ((STRIDED.format(15, ", spectral_norm: true"),), "block2_conv_sn"),
        (TRANSPOSED, "block1_conv"),
        ((STRIDED.format(16, ""),), None),
        ((STRIDED.format(15, ", downsample: average_pool"),), None),
    ],
)
def test_a_convolution_whose_gradient_is_wrong_is_refused(
    changes: tuple[str, ...], layer: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_config("dcgan-fashion-article", changes)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    if layer is None:
        check_networks(config, (28, 28, 1), 10)
        return
    with pytest.raises(UsageError, match=rf"^{layer}: got a 1×1 convolution .* and 15 channels"):
        check_networks(config, (28, 28, 1), 10)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    check_networks(config, (28, 28, 1), 10)
