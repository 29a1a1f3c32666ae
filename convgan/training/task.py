"""What the loop, the compiled call and the state need of a task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias

import keras
import tensorflow as tf

Logs: TypeAlias = dict[str, tf.Tensor]
"""Scalars of one step, by name."""


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

    def train_step(self, images: tf.Tensor, labels: tf.Tensor | None) -> Logs:
        """Make one update from uint8 images (N, H, W, C) and int64 labels (N,), if there are any.

        It adds 1 to `step` and returns the numbers of `log_names`.
        """
