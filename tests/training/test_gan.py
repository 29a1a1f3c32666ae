"""The adversarial step against gradients that the test works out by itself."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from convgan.config import GanTrainConfig
from convgan.config.kinds import LOSSES, Loss
from convgan.models.pixels import to_float
from convgan.training.differentiable import diff_augment
from convgan.training.gan import GAN
from convgan.training.streams import stream_seed
from tests.test_contracts import SMALLEST

from .tiny import (
    Array,
    arrays,
    dcgan,
    everything,
    gan_train,
    pictures,
    start_again,
    variables,
)

G_RATE, D_RATE = 0.5, 0.3
BATCH = tf.constant(pictures(6).images)
PENALTY = {"name": "r1", "weight": 2.0}


def descending(task: GAN, generator: float = G_RATE, discriminator: float = D_RATE) -> GAN:
    """By plain gradient descent, so that one step shows the gradient."""
    task.generator_optimizer = keras.optimizers.SGD(generator)
    task.generator_optimizer.build(task.generator.trainable_variables)
    task.discriminator_optimizer = keras.optimizers.SGD(discriminator)
    task.discriminator_optimizer.build(task.discriminator.trainable_variables)
    return task


def with_sgd(train: GanTrainConfig, *, generator_norm: str = "none", **critic: Any) -> GAN:
    return descending(dcgan(train, generator_norm=generator_norm, seed=21, **critic))


def loss_of(name: str) -> Loss:
    return LOSSES[name].model_validate({"name": name})


def twins(task: GAN) -> tuple[keras.Model, keras.Model]:
    """Copies of generator and discriminator, for the test to work with."""
    copies = [keras.models.clone_model(each) for each in (task.generator, task.discriminator)]
    for copy, original in zip(copies, (task.generator, task.discriminator), strict=True):
        copy.set_weights(original.get_weights())
    return copies[0], copies[1]


def noise(stream: str, step: int, count: int = 6) -> tf.Tensor:
    return tf.random.stateless_normal([count, 5], stream_seed(21, stream, step))


def r1_by_hand(discriminator: keras.Model, real: tf.Tensor) -> tf.Tensor:
    with tf.GradientTape() as tape:
        tape.watch(real)
        logits = discriminator(real, training=True)
    gradient = tape.gradient(logits, real)
    return tf.reduce_sum(gradient**2) / (2 * real.shape[0])


def as_seen(task: GAN, images: tf.Tensor, stream: str) -> tf.Tensor:
    """What the discriminator sees of them in the first step."""
    augment = task.train_config.augment
    return diff_augment(images, augment, stream_seed(21, stream, 0), 1.0) if augment else images


def descend(network: keras.Model, tape: tf.GradientTape, loss: tf.Tensor, rate: float) -> None:
    variables = network.trainable_variables
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        variable.assign_sub(rate * gradient)


def step_by_hand(
    task: GAN, loss: str, *, fresh: bool, penalty: float = 0.0
) -> tuple[keras.Model, keras.Model]:
    """The step that should be made from the task's weights: D, then G through old or new D."""
    generator, discriminator = twins(task)
    before = discriminator.get_weights()
    real = as_seen(task, to_float(BATCH), "augment_real")
    with tf.GradientTape() as tape:
        fake = as_seen(task, generator(noise("d_noise", 0), training=True), "augment_fake")
        real_logits = discriminator(real, training=True)
        d_loss, _ = loss_of(loss)(real_logits, discriminator(fake, training=True))
        if penalty:
            d_loss += penalty * r1_by_hand(discriminator, real)
    descend(discriminator, tape, d_loss, D_RATE)
    after = discriminator.get_weights()

    if not fresh:
        discriminator.set_weights(before)
    z = noise("g_noise" if fresh else "d_noise", 0)
    with tf.GradientTape() as tape:
        fake = generator(z, training=True)
        fake = as_seen(task, fake, "augment_g" if fresh else "augment_fake")
        fake_logits = discriminator(fake, training=True)
        _, g_loss = loss_of(loss)(discriminator(real, training=True), fake_logits)
    descend(generator, tape, g_loss, G_RATE)
    discriminator.set_weights(after)
    return generator, discriminator


def assert_alike(found: keras.Model, expected: keras.Model) -> None:
    for a, b in zip(found.trainable_variables, expected.trainable_variables, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-6, err_msg=a.path)


def moved(network: keras.Model, before: list[Array]) -> list[bool]:
    return [not np.array_equal(a, b) for a, b in zip(network.get_weights(), before, strict=True)]


def distance(network: keras.Model, before: list[Array]) -> float:
    """Euclidean, over all weights (there are none but trainable ones here)."""
    pairs = zip(network.get_weights(), before, strict=True)
    return float(np.linalg.norm(np.concatenate([np.ravel(a - b) for a, b in pairs])))


@pytest.mark.parametrize("loss", SMALLEST["loss"])
@pytest.mark.parametrize("update", ["simultaneous", "alternating"])
def test_one_step(update: str, loss: str) -> None:
    task = with_sgd(gan_train(update=update, loss=loss))
    start = task.generator.get_weights(), task.discriminator.get_weights()
    generator, discriminator = step_by_hand(task, loss, fresh=update == "alternating")
    logs = task.train_step(BATCH)
    assert_alike(task.discriminator, discriminator)
    assert_alike(task.generator, generator)
    # With plain descent a step is the gradient times the rate.
    assert float(logs["g_grad_norm"]) == pytest.approx(
        distance(task.generator, start[0]) / G_RATE, rel=1e-3
    )
    assert float(logs["d_grad_norm"]) == pytest.approx(
        distance(task.discriminator, start[1]) / D_RATE, rel=1e-3
    )
    assert any(moved(task.generator, start[0]))
    assert any(moved(task.discriminator, start[1]))
    assert set(logs) == set(task.log_names)
    assert int(task.step.value) == 1


@pytest.mark.parametrize("update", ["simultaneous", "alternating"])
def test_one_step_with_a_penalty(update: str) -> None:
    """Compiled, as the loop runs it; the penalty is not a part of the reported d_loss."""
    task = with_sgd(gan_train(update=update, penalty=PENALTY))
    generator, discriminator = step_by_hand(
        task, "non_saturating", fresh=update == "alternating", penalty=2.0
    )
    bare = with_sgd(gan_train(update=update)).train_step(BATCH)
    value = 2.0 * r1_by_hand(task.discriminator, to_float(BATCH))
    logs = tf.function(lambda: task.train_step(BATCH))()
    assert_alike(task.discriminator, discriminator)
    assert_alike(task.generator, generator)
    assert float(logs["penalty"]) == pytest.approx(float(value), rel=1e-4)
    assert float(logs["d_loss"]) == pytest.approx(float(bare["d_loss"]), rel=1e-5)
    assert "penalty" in task.log_names


@pytest.mark.parametrize("loss", ["hinge", "relativistic"])
@pytest.mark.parametrize("update", ["simultaneous", "alternating"])
def test_one_step_with_augmentation(update: str, loss: str) -> None:
    """In both networks' updates, and under the penalty."""
    augment = {"probability": 1.0, "cutout": 0.3}
    task = with_sgd(gan_train(update=update, loss=loss, penalty=PENALTY, augment=augment))
    generator, discriminator = step_by_hand(task, loss, fresh=update == "alternating", penalty=2.0)
    logs = task.train_step(BATCH)
    assert_alike(task.discriminator, discriminator)
    assert_alike(task.generator, generator)
    assert set(logs) == set(task.log_names)


def test_logs_are_what_they_say() -> None:
    task = with_sgd(gan_train())
    fake = task.generator(noise("d_noise", 0), training=True)
    real_logits = task.discriminator(to_float(BATCH), training=True).numpy()
    fake_logits = task.discriminator(fake, training=True).numpy()
    logs = {name: float(value) for name, value in task.train_step(BATCH).items()}
    del logs["d_grad_norm"], logs["g_grad_norm"]  # see test_one_step
    assert logs.pop("d_learning_rate") == pytest.approx(D_RATE)
    assert logs.pop("g_learning_rate") == pytest.approx(G_RATE)
    d_real, d_fake = (1 / (1 + np.exp(-logits)) for logits in (real_logits, fake_logits))
    assert logs == pytest.approx(
        {
            "d_loss": -np.log(d_real).mean() - np.log(1 - d_fake).mean(),
            "g_loss": -np.log(d_fake).mean(),
            "d_real": d_real.mean(),
            "d_fake": d_fake.mean(),
        },
        rel=1e-4,
    )


@pytest.mark.parametrize("loss", SMALLEST["loss"])
def test_outputs_are_probabilities_only_where_the_loss_makes_them_so(loss: str) -> None:
    task = with_sgd(gan_train(loss=loss))
    fake = task.generator(noise("d_noise", 0), training=True)
    real_mean, fake_mean = (
        task.discriminator(images, training=True).numpy().mean()
        for images in (to_float(BATCH), fake)
    )
    logs = task.train_step(BATCH)
    if loss == "non_saturating":
        assert 0 < float(logs["d_fake"]) < 1
        assert not {"d_real_output", "d_fake_output"} & set(logs)
    else:
        assert float(logs["d_real_output"]) == pytest.approx(real_mean, rel=1e-4)
        assert float(logs["d_fake_output"]) == pytest.approx(fake_mean, rel=1e-4)
        assert not {"d_real", "d_fake"} & set(logs)


@pytest.mark.parametrize("still", ["generator", "discriminator"])
def test_each_optimizer_moves_its_own_network(still: str) -> None:
    """Batch norm in both: what one network's update leaves alone are the other's weights."""
    task = dcgan(gan_train(update="alternating"), norm="batch")
    descending(task, **({"generator": 0.1, "discriminator": 0.1} | {still: 0.0}))
    networks = {"generator": task.generator, "discriminator": task.discriminator}
    before = {name: arrays(each.trainable_variables) for name, each in networks.items()}
    task.train_step(BATCH)
    for name, network in networks.items():
        same = [
            np.array_equal(a, b)
            for a, b in zip(arrays(network.trainable_variables), before[name], strict=True)
        ]
        assert all(same) if name == still else not any(same)


def test_a_rare_penalty_acts_each_third_step_with_three_times_the_weight() -> None:
    each = with_sgd(gan_train(penalty=PENALTY))
    rare = with_sgd(gan_train(penalty=PENALTY | {"interval": 3}))
    none = with_sgd(gan_train())
    compiled = tf.function(lambda: rare.train_step(BATCH)["penalty"])
    for step in range(5):
        weights = rare.generator.get_weights(), rare.discriminator.get_weights()
        for other in (each, none):
            other.generator.set_weights(weights[0])
            other.discriminator.set_weights(weights[1])
        value = float(each.train_step(BATCH)["penalty"])
        none.train_step(BATCH)
        got = float(compiled())
        start, penalised, free, found = (
            np.concatenate([w.ravel() for w in network])
            for network in (
                weights[1],
                each.discriminator.get_weights(),
                none.discriminator.get_weights(),
                rare.discriminator.get_weights(),
            )
        )
        assert np.abs(penalised - free).max() > 1e-4
        if step % 3 == 0:
            assert got == pytest.approx(3 * value, rel=1e-4)
            np.testing.assert_allclose(
                found - start, free - start + 3 * (penalised - free), rtol=1e-3, atol=1e-6
            )
        else:
            assert got == 0
            np.testing.assert_allclose(found, free, rtol=1e-4, atol=1e-6)


def test_label_smoothing_is_in_the_step() -> None:
    task = with_sgd(gan_train(loss={"name": "non_saturating", "label_smoothing": 0.2}))
    bare = with_sgd(gan_train())
    mean_logit = float(tf.reduce_mean(bare.discriminator(to_float(BATCH), training=True)))
    smooth, plain = (each.train_step(BATCH) for each in (task, bare))
    difference = float(smooth["d_loss"] - plain["d_loss"])
    assert difference == pytest.approx(0.2 * mean_logit, abs=1e-5)
    assert float(smooth["g_loss"]) == float(plain["g_loss"])


@pytest.mark.parametrize("decay", [0.15, 0.999])
def test_average_follows_the_generator_with_its_statistics(decay: float) -> None:
    """From the start weights on, faster in the first steps: decay min(d, (1 + t) / (10 + t))."""
    task = with_sgd(gan_train(ema_decay=decay), generator_norm="batch")
    assert task.ema is not None
    expected = task.generator.get_weights()
    names = [weight.path for weight in task.generator.weights]
    assert any("moving_variance" in name for name in names)
    for step in range(4):
        task.train_step(BATCH)
        share = min(decay, (1 + step) / (10 + step))
        now = task.generator.get_weights()
        expected = [share * e + (1 - share) * n for e, n in zip(expected, now, strict=True)]
        for name, found, wanted in zip(names, task.ema.get_weights(), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6, err_msg=name)
    assert any(moved(task.ema, task.generator.get_weights()))


def test_without_average_the_generator_itself_makes_the_samples() -> None:
    task = with_sgd(gan_train(ema_decay=0))
    assert task.sampler is task.generator
    assert set(task.networks) == {"generator", "discriminator"}
    before = task.sample("samples", 4).numpy()
    task.train_step(BATCH)
    assert not np.array_equal(task.sample("samples", 4).numpy(), before)


def test_sample_is_repeatable_and_stored_as_pictures_are() -> None:
    task = with_sgd(gan_train(), generator_norm="batch")
    images = task.sample("samples", 7).numpy()
    assert images.shape == (7, 8, 8, 1)
    assert images.dtype == np.uint8
    assert np.ptp(images) > 20
    assert np.array_equal(task.sample("samples", 7), images)
    assert not np.array_equal(task.sample("eval", 7), images)
    z = noise("samples", 0, 7)
    expected = np.round((task.sampler(z, training=False).numpy() + 1) * 127.5)
    np.testing.assert_allclose(images, expected, atol=1)


def test_discriminator_with_spectral_norm_trains() -> None:
    task = with_sgd(gan_train(loss="hinge"), spectral_norm=True)
    descending(task, 0.0, 0.05)
    before = task.discriminator.get_weights()
    step = tf.function(lambda: task.train_step(BATCH)["d_loss"])
    losses = [float(step()) for _ in range(20)]
    assert losses[-1] < losses[0]
    assert all(moved(task.discriminator, before))
    layer = task.discriminator.get_layer("block1_conv_sn")
    kernel = layer.layer.kernel.numpy()
    largest = np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]
    assert float(layer.sigma()) == pytest.approx(largest, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("update", ["simultaneous", "alternating"])
def test_every_trace_of_the_step_with_a_penalty_gives_the_same(update: str) -> None:
    """Without the barrier in `update` about one trace in twenty-five of these was wrong."""
    task = with_sgd(gan_train(update=update, penalty=PENALTY))
    start = everything(task)
    task.train_step(BATCH)
    expected = everything(task)
    for _ in range(100):
        start_again(task, start)
        tf.function(lambda: task.train_step(BATCH))()
        for variable, value in zip(variables(task), expected, strict=True):
            np.testing.assert_allclose(
                variable.numpy(), value, rtol=1e-4, atol=1e-5, err_msg=variable.path
            )


@pytest.mark.parametrize("update", ["simultaneous", "alternating"])
def test_after_a_rollback_the_noise_is_another(update: str) -> None:
    first, again, other = (with_sgd(gan_train(update=update)) for _ in range(3))
    other.rollbacks.assign(1)
    logs = [task.train_step(BATCH) for task in (first, again, other)]
    assert float(logs[0]["d_fake"]) == float(logs[1]["d_fake"]) != float(logs[2]["d_fake"])
    # The samples that people look at keep their latent vectors.
    assert np.array_equal(first.noise("samples", 0, 4), other.noise("samples", 0, 4))
