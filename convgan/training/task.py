"""What the loop, the compiled call and the state need of a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias, TypeVar

import keras
import tensorflow as tf

T = TypeVar("T")
Logs: TypeAlias = dict[str, tf.Tensor]
"""Scalars of one step, by name."""
Due: TypeAlias = Mapping[str, tf.Tensor | bool]
"""Whether a step does what only some steps do, by name."""


class Task(Protocol):
    """Networks and optimizers with their training step."""

    seed: int
    """Of everything random."""
    step: keras.Variable
    """Steps done, int64."""
    rollbacks: keras.Variable
    """Times that the training went back to a checkpoint, int64: random numbers differ after."""

    @property
    def log_names(self) -> tuple[str, ...]:
        """What each step reports."""

    @property
    def networks(self) -> Mapping[str, keras.Model]:
        """All networks, by the names of their files."""

    @property
    def optimizers(self) -> Mapping[str, keras.optimizers.Optimizer]:
        """All optimizers, by name; built, so that a resume finds their moments."""

    @property
    def extra_variables(self) -> Mapping[str, keras.Variable]:
        """What a checkpoint has besides networks, optimizers and the two counters, by name."""

    def due(self, step: tf.Tensor) -> Due:
        """Return what only some steps do, and whether this one does."""

    def train_step(
        self, images: tf.Tensor, labels: tf.Tensor | None, due: Due | None = None
    ) -> Logs:
        """Make one update from uint8 images (N, H, W, C) and int64 labels (N,), if there are any.

        It adds 1 to `step` and returns the numbers of `log_names`. What is `due` was found out
        before the step where replicas exchange values in it, which they cannot within a `tf.cond`.
        """


def when(due: tf.Tensor | bool, value: Callable[[], T], otherwise: Callable[[], T]) -> T:
    """Return the one or the other, chosen while the step runs if `due` is a tensor."""
    if isinstance(due, bool):
        return value() if due else otherwise()
    chosen: T = tf.cond(due, value, otherwise)
    return chosen
