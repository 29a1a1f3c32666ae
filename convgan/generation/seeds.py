"""Seeds to pictures: one seed is one picture, however many others are asked for with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from convgan.generation.latents import Latents
from convgan.models.pixels import to_uint8
from convgan.training.streams import draw_labels, stream_seed

BLOCK = 64
"""Seeds whose pictures are always made together. The last bits of a sum depend on how many are
summed beside it, so a single picture is made with all of its block."""


@dataclass(frozen=True, eq=False)
class SeededGenerator:
    """A generator that is asked by seeds.

    Args:
        network: latent vectors (N, latent_dim) to images in [-1, 1], with one-hot classes (N, K)
            if it is conditional.
        fractions: of the K classes, by which seeds get theirs; None: it is not conditional.
        truncation: latent values beyond ± this one are drawn again (Brock et al., 2019, section
            3.1); None: they stay.
        label: the class of all pictures; None: each seed's own.
        given: latent vectors that stand for the seeds -1, -2 and so on, as they are.
    """

    network: keras.Model
    fractions: NDArray[np.float64] | None = None
    truncation: float | None = None
    label: int | None = None
    given: Latents | None = None

    def pictures(self, seeds: Sequence[int]) -> NDArray[np.uint8]:
        """Return the pictures of seeds, (N, H, W, C)."""
        return self._by_seed(seeds, self._block_pictures)

    def latents(self, seeds: Sequence[int]) -> NDArray[np.float32]:
        """Return the latent vectors of seeds, (N, latent_dim)."""
        return self._by_seed(seeds, self._block_latents)

    def labels(self, seeds: Sequence[int]) -> NDArray[np.int64] | None:
        """Return the classes of seeds, (N,); None if the generator is not conditional."""
        return None if self.fractions is None else self._by_seed(seeds, self._block_labels)

    def pictures_at(self, *inputs: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return the pictures of any inputs: latent vectors and mixtures of classes, (N, K)."""
        count = len(inputs[0])
        padded = [np.pad(each, ((0, -count % BLOCK), (0, 0))) for each in inputs]
        starts = range(0, count, BLOCK)
        made = [self._apply(*(each[at : at + BLOCK] for each in padded)) for at in starts]
        return np.concatenate(made)[:count]

    def _by_seed(self, seeds: Sequence[int], of_block: Callable[[int], Any]) -> NDArray[Any]:
        """Return the rows of seeds, of what is made for each of their blocks."""
        wanted, places = np.unique(seeds, return_inverse=True)
        rows = [
            np.asarray(of_block(block))[[seed % BLOCK for seed in part]]
            for block, part in groupby(wanted.tolist(), lambda seed: seed // BLOCK)
        ]
        return np.concatenate(rows)[places]

    def _block_pictures(self, block: int) -> tf.Tensor:
        inputs = [self._block_latents(block)]
        if self.fractions is not None:
            classes = np.eye(len(self.fractions), dtype=np.float32)
            inputs.append(classes[self._block_labels(block)])
        return self._apply(*inputs)

    def _block_latents(self, block: int) -> tf.Tensor:
        if self.given and block < 0:
            return self._of_given(self.given.z, block)
        shape = [BLOCK, self.network.inputs[0].shape[-1]]
        z = tf.random.stateless_normal(shape, stream_seed(0, "generate", block))
        draw = 0
        while self.truncation and tf.reduce_any(outside := tf.abs(z) > self.truncation):
            draw += 1
            again = stream_seed(draw, "generate again", block)
            z = tf.where(outside, tf.random.stateless_normal(shape, again), z)
        return z

    def _block_labels(self, block: int) -> NDArray[np.int64]:
        if self.label is not None or self.fractions is None:
            return np.full(BLOCK, self.label)
        if self.given and self.given.labels is not None and block < 0:
            return self._of_given(self.given.labels, block)
        drawn = draw_labels(self.fractions, stream_seed(0, "generate labels", block), BLOCK)
        return np.asarray(drawn)

    def _of_given(self, values: NDArray[Any], block: int) -> NDArray[Any]:
        """Return a block's rows: the first is that of seed -1; the last fills up the block."""
        rows = -1 - np.arange(block * BLOCK, (block + 1) * BLOCK)
        return values[np.minimum(rows, len(values) - 1)]

    @cached_property
    def _apply(self) -> Any:
        """The network, compiled for blocks alone."""
        shapes = [tf.TensorSpec((BLOCK, each.shape[-1])) for each in self.network.inputs]

        @tf.function(input_signature=shapes, autograph=False)
        def apply(*inputs: tf.Tensor) -> tf.Tensor:
            given = inputs[0] if len(inputs) == 1 else list(inputs)
            return to_uint8(self.network(given, training=False))

        return apply


def great_circle(
    one: NDArray[np.float32], other: NDArray[np.float32], fractions: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return the vectors (N, D) that lie these fractions, (N,), of the way from one to the other.

    Both are (D,) or (N, D). Along the arc between their directions (Shoemake, 1985; for latent
    vectors White, 2016, section 2.1), so that none is shorter than both, as on a straight line.
    """
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    cosine = np.sum(one * other, axis=-1, dtype=np.float64) / np.maximum(lengths, 1e-12)
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    straight = np.sin(angle) < 1e-6  # one direction, or opposite ones: no arc is nearest
    parts = np.stack([1 - fractions, fractions])
    arcs = np.sin(parts * angle) / np.where(straight, 1.0, np.sin(angle))
    of_one, of_other = np.where(straight, parts, arcs)[..., None]
    return np.asarray(of_one * one + of_other * other, np.float32)
