"""The adversarial step: both losses, both updates, the averaged generator."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
import tensorflow as tf

from convgan.config import GanTrainConfig
from convgan.models.pixels import to_float, to_uint8
from convgan.training.losses import LOSSES, PAIRED, non_saturating
from convgan.training.one_pass import one_pass_is_exact, slope_ratio
from convgan.training.optimizers import update
from convgan.training.penalties import PENALTIES
from convgan.training.streams import rng_counter, stream_seed

Logs = dict[str, tf.Tensor]


class GAN(keras.Model):
    """Generator and discriminator with their training step, for the loop and for `fit`.

    It takes uint8 pictures (N, H, W, C); `call` makes float pictures in [-1, 1] from latent
    vectors (N, latent_dim) with the averaged generator.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        train: GanTrainConfig,
        *,
        seed: int = 0,
    ) -> None:
        super().__init__(name="dcgan")
        self.generator = generator
        self.discriminator = discriminator
        self.average = generator
        if train.ema_decay:
            self.average = keras.models.clone_model(generator)
            self.average.set_weights(generator.get_weights())
        self.train_config = train
        self.one_pass = one_pass_is_exact(train.loss, discriminator)
        """For simultaneous updates: see `one_pass`; tests switch it off."""
        self.seed = seed
        self.step = keras.Variable(0, dtype="int64", trainable=False, name="step")
        self.rollbacks = keras.Variable(0, dtype="int64", trainable=False, name="rollbacks")
        self.loss_function = LOSSES[train.loss]
        if train.label_smoothing:
            self.loss_function = partial(non_saturating, label_smoothing=train.label_smoothing)

    def compile(self, generator_optimizer: Any, discriminator_optimizer: Any) -> None:
        """Take both optimizers and build them, so that a resume finds their moments."""
        super().compile()
        self.generator_optimizer = generator_optimizer
        self.discriminator_optimizer = discriminator_optimizer
        generator_optimizer.build(self.generator.trainable_variables)
        discriminator_optimizer.build(self.discriminator.trainable_variables)

    @property
    def log_names(self) -> tuple[str, ...]:
        """What each step reports: d_real and d_fake are mean probabilities of being real, the
        gradients' norms are over all weights of a network."""
        penalty = ("penalty",) if self.train_config.penalty else ()
        return ("d_loss", "g_loss", "d_real", "d_fake", *penalty, "d_grad_norm", "g_grad_norm")

    @property
    def networks(self) -> dict[str, keras.Model]:
        """What `model/*.keras` files are made of; `generator` is the one that samples."""
        raw = {} if self.average is self.generator else {"generator_raw": self.generator}
        return {"generator": self.average, **raw, "discriminator": self.discriminator}

    @property
    def optimizers(self) -> tuple[Any, ...]:
        """All optimizers, for the training state."""
        return (self.generator_optimizer, self.discriminator_optimizer)

    def call(self, z: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Latent vectors to pictures in [-1, 1] by the averaged generator."""
        return self.average(z, training=training)

    def sample(self, stream: str, count: int, step: int = 0) -> tf.Tensor:
        """Return uint8 pictures of the averaged generator, the same for the same arguments."""
        return to_uint8(self.average(self.noise(stream, step, count), training=False))

    def train_step(self, data: Any) -> Logs:
        """Make one update of both networks and of the average; return the batch's losses."""
        images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        step = tf.identity(self.step.value)
        self.step.assign_add(1)
        real = to_float(images)
        if self.train_config.update == "alternating":
            logs = self._alternating(real, step)
        else:
            logs = self._simultaneous(real, step)
        if self.train_config.ema_decay:
            self._update_ema(step)
        return logs

    def _alternating(self, real: tf.Tensor, step: tf.Tensor) -> Logs:
        """D on real and generated pictures, then G with fresh noise through the new D."""
        count = tf.shape(real)[0]
        now = rng_counter(step, self.rollbacks.value)
        fake = self.generator(self.noise("d_noise", now, count), training=True)
        with tf.GradientTape() as tape:
            real_logits = self.discriminator(real, training=True)
            fake_logits = self.discriminator(fake, training=True)
            d_loss, _ = self.loss_function(real_logits, fake_logits)
            penalty = self._penalty(real, fake, step)
            d_total = d_loss + penalty
        gradients = tape.gradient(d_total, self.discriminator.trainable_variables)
        update((self.discriminator_optimizer, gradients, self.discriminator))
        logs = self._logs(d_loss, real_logits, fake_logits, penalty)
        logs["d_grad_norm"] = tf.linalg.global_norm(gradients)

        z = self.noise("g_noise", now, count)
        with tf.GradientTape() as tape:
            fake_logits = self.discriminator(self.generator(z, training=True), training=True)
            if self.train_config.loss in PAIRED:  # else those from before do: g_loss ignores them
                real_logits = self.discriminator(real, training=True)
            _, g_loss = self.loss_function(real_logits, fake_logits)
        gradients = tape.gradient(g_loss, self.generator.trainable_variables)
        update((self.generator_optimizer, gradients, self.generator))
        return logs | {"g_loss": g_loss, "g_grad_norm": tf.linalg.global_norm(gradients)}

    def _simultaneous(self, real: tf.Tensor, step: tf.Tensor) -> Logs:
        """Both networks from one forward pass, each against the other as it was before."""
        z = self.noise("d_noise", rng_counter(step, self.rollbacks.value), tf.shape(real)[0])
        with tf.GradientTape() as g_tape:
            fake = self.generator(z, training=True)
        with tf.GradientTape(persistent=True) as d_tape:
            d_tape.watch(fake)
            real_logits = self.discriminator(real, training=True)
            fake_logits = self.discriminator(fake, training=True)
            d_loss, g_loss = self.loss_function(real_logits, fake_logits)
            penalty = self._penalty(real, tf.stop_gradient(fake), step)
            d_total = d_loss + penalty
        d_weights = self.discriminator.trainable_variables
        if self.one_pass:
            *d_gradients, at_fake = d_tape.gradient(d_total, [*d_weights, fake])
            ratio = slope_ratio(self.loss_function, real_logits, fake_logits)
            at_fake *= tf.cast(ratio[:, :, None, None], at_fake.dtype)
        else:
            d_gradients = d_tape.gradient(d_total, d_weights)
            at_fake = d_tape.gradient(g_loss, fake)
        g_weights = self.generator.trainable_variables
        g_gradients = g_tape.gradient(fake, g_weights, output_gradients=at_fake)
        update(
            (self.discriminator_optimizer, d_gradients, self.discriminator),
            (self.generator_optimizer, g_gradients, self.generator),
        )
        return self._logs(d_loss, real_logits, fake_logits, penalty) | {
            "g_loss": g_loss,
            "d_grad_norm": tf.linalg.global_norm(d_gradients),
            "g_grad_norm": tf.linalg.global_norm(g_gradients),
        }

    def _penalty(self, real: tf.Tensor, fake: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        config = self.train_config.penalty
        if config is None:
            return tf.constant(0.0)

        def value() -> tf.Tensor:
            seed = stream_seed(self.seed, "penalty", rng_counter(step, self.rollbacks.value))
            critic = partial(self.discriminator, training=True)
            return config.weight * config.every * PENALTIES[config.name](critic, real, fake, seed)

        if config.every == 1:
            return value()
        return tf.cond(step % config.every == 0, value, lambda: tf.constant(0.0))

    def _update_ema(self, step: tf.Tensor) -> None:
        """Move the average towards the generator; faster in the first steps, when it is far."""
        passed = tf.cast(step, tf.float32)
        decay = tf.minimum(self.train_config.ema_decay, (1.0 + passed) / (10.0 + passed))
        for average, value in zip(self.average.weights, self.generator.weights, strict=True):
            average.assign_sub((1.0 - decay) * (average.value - value.value))

    def noise(self, stream: str, step: tf.Tensor | int, count: tf.Tensor | int) -> tf.Tensor:
        """Return latent vectors (count, latent_dim), the same for the same arguments."""
        shape = [count, self.generator.input_shape[-1]]
        return tf.random.stateless_normal(shape, stream_seed(self.seed, stream, step))

    def _logs(
        self, d_loss: tf.Tensor, real_logits: tf.Tensor, fake_logits: tf.Tensor, penalty: tf.Tensor
    ) -> Logs:
        logs = {
            "d_loss": d_loss,
            "d_real": tf.reduce_mean(tf.sigmoid(real_logits)),
            "d_fake": tf.reduce_mean(tf.sigmoid(fake_logits)),
        }
        return logs | {"penalty": penalty} if self.train_config.penalty else logs
