"""What the discriminator alone sees: changes against loops over pixels, and how often they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from convgan.config.training import Augment
from convgan.models.pixels import to_float
from convgan.training.differentiable import (
    AdaptiveProbability,
    brightness,
    contrast,
    cutout,
    diff_augment,
    saturation,
    translation,
)
from convgan.training.gan import GAN
from convgan.training.steps import compile_steps

from .tiny import Array, dcgan, gan_train, pictures

SHAPE = (7, 5, 3)
IMAGES = np.random.default_rng(0).uniform(-1, 1, (150, *SHAPE)).astype(np.float32)
LAST = 1 - 2**-23  # float32 below 1
CHANCE = np.random.default_rng(1).uniform(size=(150, 2)).astype(np.float32)
CHANCE[:4] = np.array([[0, 0], [0, LAST], [LAST, 0], [LAST, LAST]])
SEED = tf.constant([3, 7], tf.int64)
ALL = Augment()
CHANGES: dict[str, dict[str, Any]] = {
    "color": {"translation": 0, "cutout": 0},
    "translation": {"color": False, "cutout": 0},
    "cutout": {"color": False, "translation": 0},
}


def made(change: Callable[..., tf.Tensor], **settings: float) -> Array:
    result: Array = change(IMAGES, tf.reshape(CHANCE, [-1, 2, 1, 1, 1]), **settings).numpy()
    assert result.shape == IMAGES.shape
    assert result.dtype == np.float32
    return result


def test_colour() -> None:
    """Each by the first of its two numbers."""
    for image, number, bright, saturated, contrasted in zip(
        IMAGES, CHANCE[:, 0], made(brightness), made(saturation), made(contrast), strict=True
    ):
        assert bright == pytest.approx(image + number - 0.5, abs=1e-6)
        for pixel, result in zip(image.reshape(-1, 3), saturated.reshape(-1, 3), strict=True):
            grey = pixel.sum() / 3
            assert result == pytest.approx(grey + 2 * number * (pixel - grey), abs=1e-6)
        grey = image.sum() / np.prod(SHAPE)
        assert contrasted == pytest.approx(grey + (0.5 + number) * (image - grey), abs=1e-6)


def test_translation() -> None:
    """By at most 2 of 7 rows and 1 of 5 columns, each as likely: 0.25 of a side, rounded."""
    height, width, _ = SHAPE
    offsets = []
    for image, (down, right), result in zip(
        IMAGES, CHANCE, made(translation, ratio=0.25), strict=True
    ):
        dy, dx = 2 - int(down * 5), 1 - int(right * 3)
        expected = np.zeros_like(image)
        for y, x in np.ndindex(height, width):
            if 0 <= y - dy < height and 0 <= x - dx < width:
                expected[y, x] = image[y - dy, x - dx]
        assert np.array_equal(result, expected)
        offsets.append((dy, dx))
    assert set(offsets) == {(dy, dx) for dy in range(-2, 3) for dx in range(-1, 2)}


def test_cutout() -> None:
    """Sides of 4 rows, whose centre is on one of 8 edges of rows, and of 3 columns, on one of 5."""
    height, width, _ = SHAPE
    for image, (down, right), result in zip(IMAGES, CHANCE, made(cutout, ratio=0.5), strict=True):
        top, left = int(down * 8) - 2, int(right * 5) - 1
        expected = image.copy()
        for y, x in np.ndindex(height, width):
            if top <= y < top + 4 and left <= x < left + 3:
                expected[y, x] = 0
        assert np.array_equal(result, expected)
        assert not np.array_equal(result, image)


@pytest.mark.parametrize("probability", [0.0, tf.constant(0.0)])
def test_a_probability_of_0_changes_no_bit(probability: Any) -> None:
    assert diff_augment(IMAGES, ALL, SEED, probability).numpy().tobytes() == IMAGES.tobytes()


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_of_each_image_has_a_chance_of_its_own(name: str) -> None:
    config = Augment.model_validate(CHANGES[name])
    whole = diff_augment(IMAGES, config, SEED, 1.0).numpy()
    assert len(np.unique(whole.round(5), axis=0)) == len(IMAGES)
    half = diff_augment(IMAGES, config, SEED, 0.5).numpy()
    kept = (half == IMAGES).all(axis=(1, 2, 3))
    # One change: 75 of 150, deviation 6; colour's three are all left out for 19, deviation 4.
    assert (7 < kept.sum() < 31) if name == "color" else (56 < kept.sum() < 94)
    if name != "color":
        assert np.array_equal(half[~kept], whole[~kept])
    other = diff_augment(IMAGES, config, SEED + 1, 1.0).numpy()
    assert not np.array_equal(other, whole)


def test_changes_follow_one_another() -> None:
    """In the paper's order: what is cut out is grey whatever the colours are."""
    numbers = tf.random.stateless_uniform([len(IMAGES), 5, 3, 1, 1, 1], SEED)
    expected: Any = IMAGES
    for index, change in enumerate((brightness, saturation, contrast)):
        expected = change(expected, numbers[:, index])
    expected = translation(expected, numbers[:, 3], ratio=0.125)
    expected = cutout(expected, numbers[:, 4], ratio=0.5)
    np.testing.assert_allclose(diff_augment(IMAGES, ALL, SEED, 1.0), expected, atol=1e-6)


@pytest.mark.parametrize("how", ["graph", "unknown batch", "XLA"])
def test_compiled(how: str) -> None:
    def change(images: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(images)
            result = diff_augment(images, ALL, SEED, tf.constant(0.7))
        return result, tape.gradient(result, images)

    signature = [tf.TensorSpec([None, *SHAPE], tf.float32)] if how == "unknown batch" else None
    compiled = tf.function(change, signature, jit_compile=how == "XLA")(tf.constant(IMAGES))
    for found, expected in zip(compiled, change(tf.constant(IMAGES)), strict=True):
        assert found.shape == IMAGES.shape
        if how != "XLA":  # which draws other numbers
            np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_gradient_is_that_of_differences() -> None:
    """Every change is linear in the image, up to a constant: so is a difference of any size."""
    weights = np.random.default_rng(2).normal(size=IMAGES.shape).astype(np.float32)
    ahead = np.random.default_rng(3).normal(size=IMAGES.shape).astype(np.float32)

    def value(images: Any) -> Any:
        return tf.reduce_sum(weights * diff_augment(images, ALL, SEED, 0.8), axis=[1, 2, 3])

    images = tf.constant(IMAGES)
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = value(images)
    slope = np.sum(tape.gradient(total, images).numpy() * ahead, axis=(1, 2, 3))
    found = (value(images + ahead) - value(images - ahead)).numpy() / 2
    np.testing.assert_allclose(slope, found, rtol=1e-3, atol=1e-3)


def followed(signs: list[float], start: float = 0.0, **settings: Any) -> list[float]:
    """p after each step whose E[sign D] is given, of batches of 10 images."""
    config = Augment.model_validate({"ramp_images": 400} | settings)
    ada, found = AdaptiveProbability(config, batch_size=10), []
    ada.p.assign(start)
    for step, sign in enumerate(signs):
        ada.follow(tf.constant(sign), tf.constant(step, tf.int64))
        found.append(float(ada.p.value))
    return found


def test_p_follows_the_mean_of_four_steps() -> None:
    """400 images are 10 times 4 batches of 10: p goes by a tenth."""
    up, down = [0.7, 0.5, 0.7, 0.6], [0.5, 0.7, 0.5, 0.6]  # means of 0.625 and 0.575
    assert followed(up * 2, 0.5) == pytest.approx([0.5, 0.5, 0.5, 0.6, 0.6, 0.6, 0.6, 0.7])
    assert followed(up + down, 0.5)[-1] == pytest.approx(0.5)
    assert followed(down * 2, 0.5)[-1] == pytest.approx(0.3)
    assert followed(down * 2, 0.5, target=0.5)[-1] == pytest.approx(0.7)
    assert followed([1.0] * 48)[35::4] == pytest.approx([0.9, 1, 1, 1])
    assert followed([-1.0] * 4) == [0] * 4


def still(**changes: Any) -> GAN:
    """A GAN whose weights stay as they are."""
    task = dcgan(gan_train(schedule="constant", **changes), generator_norm="none")
    task.generator_optimizer.learning_rate = task.discriminator_optimizer.learning_rate = 0.0
    return task


def test_p_follows_the_discriminator() -> None:
    """From its own logits, of the images as it sees them; each step logs what it had."""
    task = still(augment={"ramp_images": 64, "target": 0.0})
    logs = compile_steps(task, pictures(), 8)
    rows = [logs(1).logs for _ in range(12)]
    p = 0.0
    for index, row in enumerate(rows):
        assert row["augment_p"] == p
        if index % 4 == 3:
            mean = np.mean([each["d_sign"] for each in rows[index - 3 : index + 1]])
            p = float(np.clip(p + 0.5 * np.sign(mean), 0, 1))
    assert task.ada
    assert float(task.ada.p.value) == p
    assert len({row["d_sign"] for row in rows}) > 1
    assert {row["augment_p"] for row in rows} >= {0, 0.5}


@pytest.mark.parametrize("loss", ["non_saturating", "least_squares", "hinge", "relativistic"])
@pytest.mark.parametrize("update", ["alternating", "simultaneous"])
def test_sign_of_the_discriminator(update: str, loss: str) -> None:
    """+1 for a training image that counts as real: by the loss's labels, or beside a generated."""
    task = still(update=update, loss=loss, augment={})
    real = to_float(tf.constant(pictures(8).images))
    fake = task.generator(task.noise("d_noise", 0, 8), training=True)
    real_logits, fake_logits = (task.discriminator(each).numpy() for each in (real, fake))
    bias = task.discriminator.layers[-2].bias
    for middle in (0.0, 0.5):
        bias.assign([float(bias.value[0]) + middle - np.sort(real_logits, axis=0)[3:5].mean()])
        real_logits, fake_logits = (task.discriminator(each).numpy() for each in (real, fake))
        boundary = {"least_squares": 0.5, "relativistic": fake_logits}.get(loss, 0.0)
        expected = np.mean(np.where(real_logits > boundary, 1.0, -1.0))
        task.step.assign(0)
        logs = task.train_step(tf.constant(pictures(8).images))
        assert float(logs["d_sign"]) == pytest.approx(expected)


def test_training_images_alone_are_mirrored() -> None:
    """`augmentations` are of the training images, and no stream of `augment`'s."""
    batch = tf.constant(pictures(8).images)
    usual, mirrored = (still(augmentations=names).train_step(batch) for names in ([], ["flip"]))
    assert float(usual["d_fake"]) == float(mirrored["d_fake"])
    assert float(usual["d_real"]) != float(mirrored["d_real"])
