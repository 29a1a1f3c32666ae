"""The latent vector whose picture is nearest to a given one.

By gradient descent on z (Creswell and Bharath, 2018, "Inverting the Generator of a Generative
Adversarial Network"), from the nearest of many seeds, as descent alone ends in the next valley.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tqdm import trange

from convgan.generation.latents import Latents, join_latents
from convgan.generation.seeds import BLOCK, SeededGenerator
from convgan.models.conditioning import inputs_of
from convgan.models.pixels import to_float

SEEDS = 1024
"""Among whose pictures the starts are looked for."""
_STARTS = 8
_STEPS = 200
_LEARNING_RATE = 0.2  # at first; it falls along a cosine
_PRIOR = 0.003
"""Weight of the mean of z² beside the mean squared pixel in [-1, 1]: it keeps z about as long as a
drawn one (mean z² 1.0 for clothes, 1.2 for digits; without it 1.8 and 2.1), for 0.2 grey levels."""


@dataclass(frozen=True, eq=False)
class Nearest:
    """What was found, and how far its picture is from the given one.

    Distances are root mean squares over pixels and channels, in grey levels of 0 to 255.
    """

    latents: Latents
    """One latent vector."""
    image: NDArray[np.uint8]
    """Its picture, (H, W, C)."""
    distance: float
    seed_distance: float
    """Of the nearest among the pictures of `SEEDS` seeds."""


def find_nearest(generator: SeededGenerator, given: NDArray[np.uint8]) -> Nearest:
    """Return the latent vector whose picture is nearest to `given`, (H, W, C), of those tried.

    Each start keeps its seed's class.
    """
    blocks = (range(first, first + BLOCK) for first in range(0, SEEDS, BLOCK))
    of_seeds = np.concatenate([_distances(generator.pictures(block), given) for block in blocks])
    nearest = np.argsort(of_seeds, kind="stable")[:_STARTS].tolist()
    starts = Latents(generator.latents(nearest), generator.labels(nearest))
    tried = join_latents([starts, _descend(generator.network, starts, given)])
    seeds = [-1 - row for row in range(len(tried.z))]
    images = SeededGenerator(generator.network, generator.fractions, given=tried).pictures(seeds)
    distances = _distances(images, given)
    best = int(distances.argmin())
    return Nearest(
        Latents(tried.z[[best]], None if tried.labels is None else tried.labels[[best]]),
        images[best],
        float(distances[best]),
        float(of_seeds.min()),
    )


def _descend(network: keras.Model, starts: Latents, given: NDArray[np.uint8]) -> Latents:
    """Return where Adam comes to from each of the starts, all in one batch."""
    z = keras.Variable(starts.z)
    rate = keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, _STEPS)
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build([z])
    target = to_float(given)

    @tf.function(autograph=False)
    def step() -> None:
        with tf.GradientTape() as tape:
            images = network(inputs_of(network, z.value, starts.labels), training=False)
            loss = tf.reduce_mean((images - target) ** 2) + _PRIOR * tf.reduce_mean(z.value**2)
        optimizer.apply(tape.gradient(loss, [z.value]), [z])

    for _ in trange(_STEPS, desc="looking for the nearest picture", unit="step", disable=None):
        step()
    return Latents(np.asarray(z), starts.labels)


def _distances(images: NDArray[np.uint8], given: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Root mean squares, (N,), of the difference from `given`, in grey levels."""
    difference = images.astype(np.float64) - given
    return np.asarray(np.sqrt(np.mean(difference**2, axis=(1, 2, 3))))
