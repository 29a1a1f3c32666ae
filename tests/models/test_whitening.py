"""The fixed first convolution, by what it does to the pictures that it was fitted to."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from convgan.config import load_config
from convgan.errors import UsageError
from convgan.models.build import check_networks, network_specs
from convgan.models.whitening import fit_whitening, whitening_kernel

RANDOM = np.random.default_rng(0)
SMOOTH = RANDOM.normal(size=(60, 12, 9, 2)).cumsum(axis=1).cumsum(axis=2) * 6 + 120
IMAGES = SMOOTH.clip(0, 255).astype(np.uint8)
IMAGES[..., 1] = IMAGES[..., 1] // 2 + IMAGES[..., 0] // 4


@pytest.mark.parametrize("size", [2, 3])
def test_patches_become_uncorrelated_and_of_equal_variance(size: int) -> None:
    kernel = whitening_kernel(IMAGES, size)
    assert kernel.shape == (size, size, 2, 4 * size**2)
    x = tf.constant(IMAGES.astype(np.float32) / 127.5 - 1)
    found = tf.nn.conv2d(x, kernel, 1, "VALID").numpy().reshape(-1, 4 * size**2)
    half = 2 * size**2
    np.testing.assert_allclose(found[:, half:], -found[:, :half], atol=1e-5)
    covariance = np.cov(found[:, :half], rowvar=False)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 1e-3
    assert np.diag(covariance).max() <= 1.001
    assert np.diag(covariance)[-1] == pytest.approx(1, abs=0.01)  # the largest component


def test_many_pictures_are_seen_in_part_from_first_to_last() -> None:
    many = np.concatenate([IMAGES] * 300)
    many[len(many) // 2 :] //= 2  # sorted: the first half alone would say something else
    half, whole = (whitening_kernel(each, 2) for each in (many[: len(many) // 2], many))
    assert not np.allclose(half, whole, rtol=0.1)


def test_the_layer_is_fitted_and_stays_as_it_is() -> None:
    config = load_config("classifier-mnist", ["model.whitening=2", "model.flatten=maximum"])
    network = network_specs(config, (12, 9, 2), 3)["classifier"].build()
    fit_whitening(network, IMAGES)
    layer = network.get_layer("whitening")
    np.testing.assert_array_equal(layer.kernel.numpy(), whitening_kernel(IMAGES, 2))
    assert not any(layer.kernel is each for each in network.trainable_variables)


def test_patches_that_the_pictures_cannot_hold_are_refused_before_anything_is_built() -> None:
    config = load_config("classifier-mnist", ["model.whitening=7"])
    with pytest.raises(UsageError, match=r"model.whitening: patches of 7×7 cannot take the 6×9×1"):
        check_networks(config, (6, 9, 1), 3)
