"""The adversarial step: both losses, both updates, the average of the generator's weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from convgan.config import GanTrainConfig
from convgan.models.conditioning import inputs_of
from convgan.models.layers import update_spectral_norms
from convgan.models.pixels import to_float, to_uint8
from convgan.replicas import drawn
from convgan.training.differentiable import AdaptiveProbability, diff_augment
from convgan.training.one_pass import logit_gradients, treats_samples_separately
from convgan.training.optimizers import build_optimizer, update
from convgan.training.streams import augmented, draw_labels, rng_counter, stream_seed
from convgan.training.task import Due, Logs, when


class GAN:
    """Generator and discriminator with their training step; see `Task`.

    Args:
        generator: latent vectors (N, latent_dim) to float32 images in [-1, 1].
        discriminator: such images to float32 logits (N, 1). In a conditional GAN both are given
            one-hot classes, too.
        train: the configuration.
        total_steps: of the whole training, which the learning rates follow.
        ema: another network built as the generator, for the exponential moving average of its
            weights, which makes the samples; None: no average, the generator makes them.
        class_fractions: of the training images, (K,), by which samples get their classes, in a
            conditional GAN.
        seed: of everything random.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        train: GanTrainConfig,
        *,
        total_steps: int,
        ema: keras.Model | None = None,
        class_fractions: NDArray[np.float64] | None = None,
        seed: int = 0,
    ) -> None:
        self.generator = generator
        self.discriminator = discriminator
        self.ema = ema
        if ema:
            ema.set_weights(generator.get_weights())
        self.class_fractions = class_fractions
        self.train_config = train
        self.one_pass = treats_samples_separately(discriminator)
        """For simultaneous updates: see `one_pass`; tests switch it off."""
        self.seed = seed
        self.step = keras.Variable(0, dtype="int64", trainable=False, name="step")
        self.rollbacks = keras.Variable(0, dtype="int64", trainable=False, name="rollbacks")
        self.ada: AdaptiveProbability | None = None
        if train.augment and train.augment.probability == "adaptive":
            self.ada = AdaptiveProbability(train.augment, train.batch_size)
        self.generator_optimizer = build_optimizer(
            train.generator_optimizer, train.schedule, total_steps // train.critic_steps, generator
        )
        self.discriminator_optimizer = build_optimizer(
            train.discriminator_optimizer, train.schedule, total_steps, discriminator
        )

    @property
    def log_names(self) -> tuple[str, ...]:
        """What each step reports.

        `d_real` and `d_fake` are mean probabilities of being real; of a loss whose outputs are
        none, `d_real_output` and `d_fake_output` are the mean outputs. Gradient norms are over all
        weights of a network. `augment_p` follows `d_sign`, see `AdaptiveProbability`.
        """
        outputs = self._output_names()
        penalty = ("penalty",) if self.train_config.penalty else ()
        norms = ("d_grad_norm", "g_grad_norm", "d_learning_rate", "g_learning_rate")
        adaptive = ("d_sign", "augment_p") if self.ada else ()
        return ("d_loss", "g_loss", *outputs, *penalty, *norms, *adaptive)

    @property
    def sampler(self) -> keras.Model:
        """The network that makes the samples: the averaged generator, if there is an average."""
        return self.ema or self.generator

    @property
    def networks(self) -> dict[str, keras.Model]:
        """What `model/` holds; `generator` is the one that samples."""
        raw = {"generator_raw": self.generator} if self.ema else {}
        return {"generator": self.sampler, **raw, "discriminator": self.discriminator}

    @property
    def optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Both optimizers."""
        return {
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }

    @property
    def extra_variables(self) -> dict[str, keras.Variable]:
        """Those of the adaptive probability, if there is one."""
        return self.ada.variables if self.ada else {}

    def sample(self, stream: str, count: int, labels: tf.Tensor | None = None) -> tf.Tensor:
        """Return uint8 images of the sampler, the same for the same arguments.

        A conditional one's are of the labels (count,), or of drawn ones.
        """
        labels = self.draw_labels(stream, count) if labels is None else labels
        inputs = inputs_of(self.sampler, self.noise(stream, 0, count), labels)
        return to_uint8(self.sampler(inputs, training=False))

    def draw_labels(self, stream: str, count: int) -> tf.Tensor | None:
        """Return labels (count,) as frequent as in training; None where no class is given."""
        if self.class_fractions is None:
            return None
        return draw_labels(
            self.class_fractions, stream_seed(self.seed, f"{stream} labels", 0), count
        )

    def due(self, step: tf.Tensor) -> Due:
        """Say whether this step has the penalty, and moves the generator."""
        penalty, turns = self.train_config.penalty, self.train_config.critic_steps
        interval = penalty.interval if penalty else 1
        return {
            "penalty": interval == 1 or step % interval == 0,
            "generator": turns == 1 or step % turns == turns - 1,
        }

    def train_step(
        self, images: tf.Tensor, labels: tf.Tensor | None = None, due: Due | None = None
    ) -> Logs:
        """Make one update of both networks and of the average; return the batch's losses."""
        step = tf.identity(self.step.value)
        due = self.due(step) if due is None else due
        self.step.assign_add(1)
        update_spectral_norms(self.discriminator)
        rates = {
            "d_learning_rate": tf.identity(self.discriminator_optimizer.learning_rate),
            "g_learning_rate": tf.identity(self.generator_optimizer.learning_rate),
        }
        counter = rng_counter(step, self.rollbacks.value)
        real = augmented(to_float(images), self.train_config.augmentations, self.seed, counter)
        alternating = self.train_config.update == "alternating"
        update_both = self._alternating if alternating else self._simultaneous
        logs = update_both(real, labels, step, due) | rates
        return logs | self.ada.follow(logs["d_sign"], step) if self.ada else logs

    def generate(self, z: tf.Tensor, labels: tf.Tensor | None) -> tf.Tensor:
        """Return the generator's images in training, of the labels (N,) if it is conditional."""
        return self.generator(inputs_of(self.generator, z, labels), training=True)

    def judge(self, images: tf.Tensor, labels: tf.Tensor | None) -> tf.Tensor:
        """Return the discriminator's logits (N, 1) in training."""
        return self.discriminator(inputs_of(self.discriminator, images, labels), training=True)

    def _augmentation(self, counter: tf.Tensor) -> Callable[[tf.Tensor, str], tf.Tensor]:
        """Return what changes images for the discriminator's eyes in this step, by a stream."""
        config = self.train_config.augment
        if config is None:
            return lambda images, _stream: images
        # Read once: all of a step has the same, which moves at its end.
        p = tf.identity(self.ada.p.value) if self.ada else config.probability
        return lambda images, stream: diff_augment(
            images, config, stream_seed(self.seed, stream, counter), p
        )

    def _alternating(
        self, real: tf.Tensor, labels: tf.Tensor | None, step: tf.Tensor, due: Due
    ) -> Logs:
        """D on real and generated images, then G with fresh noise through the new D."""
        loss = self.train_config.loss
        count = tf.shape(real)[0]
        counter = rng_counter(step, self.rollbacks.value)
        augment = self._augmentation(counter)
        real = augment(real, "augment_real")
        fake = augment(self.generate(self.noise("d_noise", counter, count), labels), "augment_fake")
        with tf.GradientTape() as tape:
            real_logits, fake_logits = self.judge(real, labels), self.judge(fake, labels)
            d_loss, g_loss = loss(real_logits, fake_logits)
            penalty = self._penalty(real, fake, labels, step, due["penalty"])
            d_total = d_loss + penalty
        gradients = tape.gradient(d_total, self.discriminator.trainable_variables)
        [d_norm] = update((self.discriminator_optimizer, gradients, self.discriminator))
        logs = self._logs(d_loss, real_logits, fake_logits, penalty) | {"d_grad_norm": d_norm}

        def generator_step() -> tuple[tf.Tensor, tf.Tensor]:
            new_real_logits = real_logits
            z = self.noise("g_noise", counter, count)
            with tf.GradientTape() as tape:
                fake = augment(self.generate(z, labels), "augment_g")
                fake_logits = self.judge(fake, labels)
                if loss.paired:  # else g_loss ignores them
                    new_real_logits = self.judge(real, labels)
                _, g_loss = loss(new_real_logits, fake_logits)
            gradients = tape.gradient(g_loss, self.generator.trainable_variables)
            [norm] = update((self.generator_optimizer, gradients, self.generator))
            self._update_ema(step)
            return g_loss, norm

        g_loss, norm = when(due["generator"], generator_step, lambda: (g_loss, tf.constant(0.0)))
        # The norm counts for all steps of a turn: its mean over them is that of one update.
        norm *= float(self.train_config.critic_steps)
        return logs | {"g_loss": g_loss, "g_grad_norm": norm}

    def _simultaneous(
        self, real: tf.Tensor, labels: tf.Tensor | None, step: tf.Tensor, due: Due
    ) -> Logs:
        """Both networks from one forward pass, each against the other as it was before."""
        loss = self.train_config.loss
        counter = rng_counter(step, self.rollbacks.value)
        augment = self._augmentation(counter)
        real = augment(real, "augment_real")
        z = self.noise("d_noise", counter, tf.shape(real)[0])
        with tf.GradientTape() as g_tape:
            fake = augment(self.generate(z, labels), "augment_fake")
        with tf.GradientTape(persistent=True) as d_tape:
            d_tape.watch(fake)
            real_logits, fake_logits = self.judge(real, labels), self.judge(fake, labels)
            d_loss, g_loss = loss(real_logits, fake_logits)
            penalty = self._penalty(real, tf.stop_gradient(fake), labels, step, due["penalty"])
            d_total = d_loss + penalty
        d_weights = self.discriminator.trainable_variables
        if self.one_pass:
            d_real, d_fake, ratio = logit_gradients(loss, real_logits, fake_logits)
            *d_gradients, at_fake = d_tape.gradient(
                [real_logits, fake_logits, penalty],
                [*d_weights, fake],
                output_gradients=[d_real, d_fake, tf.ones_like(penalty)],
            )
            at_fake *= tf.cast(ratio[:, :, None, None], at_fake.dtype)
        else:
            d_gradients = d_tape.gradient(d_total, d_weights)
            at_fake = d_tape.gradient(g_loss, fake)
        g_weights = self.generator.trainable_variables
        g_gradients = g_tape.gradient(fake, g_weights, output_gradients=at_fake)
        d_norm, g_norm = update(
            (self.discriminator_optimizer, d_gradients, self.discriminator),
            (self.generator_optimizer, g_gradients, self.generator),
        )
        self._update_ema(step)
        logs = self._logs(d_loss, real_logits, fake_logits, penalty)
        return logs | {"g_loss": g_loss, "d_grad_norm": d_norm, "g_grad_norm": g_norm}

    def _penalty(
        self,
        real: tf.Tensor,
        fake: tf.Tensor,
        labels: tf.Tensor | None,
        step: tf.Tensor,
        due: tf.Tensor | bool,
    ) -> tf.Tensor:
        """The penalty with its weight, applied every `interval` steps and scaled by that."""
        penalty = self.train_config.penalty
        if penalty is None:
            return tf.constant(0.0)

        def value() -> tf.Tensor:
            seed = stream_seed(self.seed, "penalty", rng_counter(step, self.rollbacks.value))
            discriminator = partial(self.judge, labels=labels)
            return penalty.weight * penalty.interval * penalty(discriminator, real, fake, seed)

        return when(due, value, lambda: tf.constant(0.0))

    def _update_ema(self, step: tf.Tensor) -> None:
        """Move the average towards the generator; faster in the first steps, when it is far."""
        if self.ema is None:
            return
        passed = tf.cast(step // self.train_config.critic_steps, tf.float32)
        decay = tf.minimum(self.train_config.ema_decay, (1.0 + passed) / (10.0 + passed))
        for average, value in zip(self.ema.weights, self.generator.weights, strict=True):
            average.assign_sub((1.0 - decay) * (average.value - value.value))

    def noise(self, stream: str, step: tf.Tensor | int, count: tf.Tensor | int) -> tf.Tensor:
        """Return latent vectors (count, latent_dim), the same for the same arguments."""
        size, seed = self.generator.inputs[0].shape[-1], stream_seed(self.seed, stream, step)
        return drawn(lambda rows: tf.random.stateless_normal([rows, size], seed), count)

    def _output_names(self) -> tuple[str, str]:
        probabilities = self.train_config.loss.probabilities
        return ("d_real", "d_fake") if probabilities else ("d_real_output", "d_fake_output")

    def _logs(
        self, d_loss: tf.Tensor, real_logits: tf.Tensor, fake_logits: tf.Tensor, penalty: tf.Tensor
    ) -> Logs:
        shown = tf.sigmoid if self.train_config.loss.probabilities else tf.identity
        outputs = (tf.reduce_mean(shown(logits)) for logits in (real_logits, fake_logits))
        logs = {"d_loss": d_loss, **dict(zip(self._output_names(), outputs, strict=True))}
        if self.ada:
            boundary = self.train_config.loss.boundary
            margin = real_logits - (fake_logits if boundary is None else boundary)
            logs["d_sign"] = tf.reduce_mean(tf.sign(margin))
        return logs | {"penalty": penalty} if self.train_config.penalty else logs
