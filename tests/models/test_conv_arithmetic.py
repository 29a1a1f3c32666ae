"""The formulas against Keras, and against loops that know no formula."""

from __future__ import annotations

from itertools import product
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from convgan.errors import UsageError
from convgan.models.conv_arithmetic import (
    ReceptiveField,
    conv_multiply_adds,
    conv_output_size,
    transposed_output_size,
)

Array = NDArray[np.float32]

SIZES = st.integers(1, 64)
KERNELS = st.integers(1, 11)
STRIDES = st.integers(1, 8)
KERAS_PADDINGS = st.sampled_from(["same", "valid"])


def direct_convolution(picture: Array, kernel: Array, stride: int) -> tuple[Array, int]:
    """(H, W, in) and (f, f, in, out): the `valid` convolution and the products it took."""
    size, (height, width) = len(kernel), picture.shape[:2]
    tops, lefts = (range(0, n - size + 1, stride) for n in (height, width))
    made = np.zeros((len(tops), len(lefts), kernel.shape[3]), np.float32)
    products = 0
    for (y, top), (x, left) in product(enumerate(tops), enumerate(lefts)):
        for place in np.ndindex(kernel.shape):
            dy, dx, channel, out = place
            made[y, x, out] += picture[top + dy, left + dx, channel] * kernel[place]
            products += 1
    return made, products


def keras_convolution(picture: Array, kernel: Array, **options: Any) -> Array:
    layer = keras.layers.Conv2D(kernel.shape[3], len(kernel), use_bias=False, **options)
    layer.build((None, *picture.shape))
    layer.set_weights([kernel])
    made: Array = np.asarray(layer(picture[None]))[0]
    return made


def asymmetric(*shape: int) -> Array:
    return np.random.default_rng(0).integers(-4, 9, shape).astype(np.float32)


def test_worked_example_of_the_strided_convolution_articles() -> None:
    """One of the articles prints 83 and 127 where these numbers give 88 and 117."""
    rows = ["2374629", "6698743", "3483897", "7836634", "4218346", "3241983", "0139214"]
    picture = np.array([list(row) for row in rows], np.float32)[..., None]
    kernel = np.array([[3, 4, 4], [1, 0, 2], [-1, 0, 3]], np.float32)[..., None, None]
    expected = [[91, 100, 88], [69, 91, 117], [44, 72, 74]]
    made, products = direct_convolution(picture, kernel, stride=2)
    assert made[..., 0].tolist() == expected
    assert keras_convolution(picture, kernel, strides=2)[..., 0].tolist() == expected
    assert len(made) == conv_output_size(7, 3, stride=2) == 3
    assert products == conv_multiply_adds(3, 3, 3, 1, 1) == 81


def test_sizes_that_the_sources_give() -> None:
    assert conv_output_size(6, 3) == 4
    assert conv_output_size(28, 5, stride=2, padding="same") == 14
    assert conv_output_size(5, 3, stride=2, padding=1) == 3  # Dumoulin & Visin, fig. 2.6
    assert conv_output_size(11, 2, stride=2) == 5
    assert transposed_output_size(7, 5, stride=2, padding="same") == 14


@settings(deadline=None)
@given(size=SIZES, kernel=KERNELS, stride=STRIDES, padding=KERAS_PADDINGS)
def test_convolution_and_pooling_have_the_size_that_keras_computes(
    size: int, kernel: int, stride: int, padding: Any
) -> None:
    assume(padding == "same" or kernel <= size)
    shape = (None, size, size, 3)
    made = conv_output_size(size, kernel, stride=stride, padding=padding)
    convolution = keras.layers.Conv2D(2, kernel, strides=stride, padding=padding)
    assert tuple(convolution.compute_output_shape(shape)) == (None, made, made, 2)
    if padding == "valid":
        pool = keras.layers.MaxPooling2D(kernel, strides=stride)
        assert tuple(pool.compute_output_shape(shape)) == (None, made, made, 3)


@given(size=SIZES, kernel=KERNELS, stride=STRIDES, padding=st.integers(0, 15))
def test_explicit_padding_counts_the_places_of_the_window(
    size: int, kernel: int, stride: int, padding: int
) -> None:
    assume(kernel <= size + 2 * padding)
    places = range(-padding, size + padding - kernel + 1, stride)
    assert conv_output_size(size, kernel, stride=stride, padding=padding) == len(places)


@settings(deadline=None)
@given(size=SIZES, kernel=KERNELS, stride=STRIDES, padding=KERAS_PADDINGS)
def test_transposed_convolution_has_the_size_that_keras_computes(
    size: int, kernel: int, stride: int, padding: Any
) -> None:
    layer = keras.layers.Conv2DTranspose(2, kernel, strides=stride, padding=padding)
    made = transposed_output_size(size, kernel, stride=stride, padding=padding)
    assert tuple(layer.compute_output_shape((None, size, size, 3))) == (None, made, made, 2)


def test_multiply_adds_of_a_convolution_are_the_products_of_the_direct_one() -> None:
    picture, kernel = asymmetric(7, 6, 2), asymmetric(3, 3, 2, 4)
    made, products = direct_convolution(picture, kernel, stride=2)
    assert made.shape == (3, 2, 4)
    assert products == conv_multiply_adds(3, 2, 3, 2, 4)


def test_multiply_adds_of_a_transposed_convolution_are_the_products_of_the_direct_one() -> None:
    picture, kernel = asymmetric(3, 4, 2), asymmetric(5, 5, 3, 2)  # (f, f, out, in)
    sizes = [transposed_output_size(n, 5, stride=2) for n in (3, 4)]
    made = np.zeros((*sizes, 3), np.float32)
    products = 0
    for (y, x, channel), (dy, dx, out) in product(np.ndindex(3, 4, 2), np.ndindex(5, 5, 3)):
        value = picture[y, x, channel] * kernel[dy, dx, out, channel]
        made[2 * y + dy, 2 * x + dx, out] += value
        products += 1
    layer = keras.layers.Conv2DTranspose(3, 5, strides=2, use_bias=False)
    layer.build((None, 3, 4, 2))
    layer.set_weights([kernel])
    np.testing.assert_allclose(np.asarray(layer(picture[None]))[0], made, rtol=1e-5)
    assert products == conv_multiply_adds(3, 4, 5, 2, 3)


@given(layers=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3)), min_size=1, max_size=4))
def test_receptive_field_is_what_values_depend_on(layers: list[tuple[int, int]]) -> None:
    """Each value carries the set of pixels that it was made of."""
    field = ReceptiveField()
    values = [{pixel} for pixel in range(400)]
    for kernel, stride in layers:
        field = field.through(kernel, stride=stride)
        starts = range(0, len(values) - kernel + 1, stride)
        values = [set().union(*values[start : start + kernel]) for start in starts]
    assert {max(seen) - min(seen) + 1 for seen in values} == {field.size}
    assert min(values[1]) - min(values[0]) == field.jump


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: conv_output_size(3, 5), "got 3 pixels on an axis, expected at least 5"),
        (lambda: conv_output_size(2, 7, padding=2), "got 6 pixels with the padding on an axis"),
    ],
)
def test_a_window_that_is_larger_than_the_image(call: Any, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        call()
    assert message in str(caught.value)
