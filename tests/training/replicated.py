"""Tiny trainings on some replicas, in a process of their own: its devices are its for good.

`python -m tests.training.replicated REPLICAS FILE CASE...` writes what they gave into a .npz file;
with TF_CONFIG it is one of several workers, the first of which writes. With 0 replicas it is one
device, and the pictures of each batch are in another order, with all that is drawn for each of
them: what differs from one device's usual result is rounding alone.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from convgan import replicas
from convgan.models import layers
from convgan.training import steps
from convgan.training.task import Task
from convgan.workers import workers

from .tiny import classifier, dcgan, gan_train, pictures

BATCH = 8
LOSSES = ("non_saturating", "least_squares", "hinge", "wasserstein", "relativistic")
PENALTIES: dict[str, dict[str, Any] | None] = {
    "no penalty": None,
    "r1": {"name": "r1", "weight": 1.0, "interval": 3},
    "gradient_penalty": {"name": "gradient_penalty", "weight": 1.0},
}
UPDATES: dict[str, dict[str, Any]] = {
    "simultaneous": {"update": "simultaneous"},
    "alternating": {"update": "alternating", "critic_steps": 2},
}


def _gan(*case: str) -> Task:
    loss, penalty, update, norm = case
    changes = {"loss": loss, "penalty": PENALTIES[penalty], "schedule": "constant"}
    train = gan_train(**changes, **UPDATES[update])
    return dcgan(train, norm=norm, generator_norm=norm)


def _augmented(update: str) -> Task:
    """With p from 0 to 1 in the first 10 steps, and all else that replicas share."""
    augment = {"target": 0.0, "ramp_images": 64}
    changes: dict[str, Any] = {"penalty": PENALTIES["r1"], "augmentations": ["flip"]}
    changes |= {"augment": augment, "loss": "relativistic", "schedule": "constant"}
    return dcgan(gan_train(**changes, **UPDATES[update]), norm="batch", generator_norm="batch")


CASES: dict[str, Callable[[], Task]] = {
    "classifier": partial(classifier, shift=1, dropout=0.3, schedule="constant"),
    **{f"augmented, {update}": partial(_augmented, update) for update in UPDATES},
    **{
        ", ".join(case) + " norm": partial(_gan, *case)
        for case in itertools.product(LOSSES, PENALTIES, UPDATES, ("none", "batch"))
    },
}


def trained(make: Callable[[], Task]) -> dict[str, np.ndarray[Any, Any]]:
    """Return the logs of the first 10 steps, (10, numbers), and the weights after 50.

    A bias before batch normalisation is left out: it changes nothing, its gradient is rounding, and
    Adam makes steps of the usual size of that.
    """
    task = make()
    advance = steps.compile_steps(task, pictures(), BATCH)
    logs = [list(advance(1).logs.values()) for _ in range(10)]
    advance(40)
    weights = [
        weight.numpy().ravel()
        for network in task.networks.values()
        for weight in network.trainable_weights
        if not weight.path.endswith(("projection/bias", "block1_conv/bias"))
        or not any("norm" in layer.name for layer in network.layers)
    ]
    return {"logs": np.array(logs), "weights": np.concatenate(weights)}


def _permuted() -> None:
    order = np.random.default_rng(0).permutation(BATCH)
    for module in (replicas, steps):
        setattr(module, "own_part", lambda batch: tf.gather(batch, order))  # noqa: B010
    setattr(layers, "replica_count", lambda: 2)  # noqa: B010  else dropout does not ask for its part


def main(count: int, file: Path, cases: list[str]) -> None:
    """Train and write."""
    if count == 0:
        _permuted()
    processor = tf.config.list_physical_devices("CPU")[0]
    parts = [tf.config.LogicalDeviceConfiguration()] * max(1, count)
    tf.config.set_logical_device_configuration(processor, parts)
    found: dict[str, np.ndarray[Any, Any]] = {}
    with replicas.on_replicas(max(1, count), BATCH):
        for case in cases or CASES:
            found |= {f"{case}: {name}": value for name, value in trained(CASES[case]).items()}
    if workers().index == 0:
        np.savez(file, **found)  # type: ignore[arg-type]  # of an older NumPy


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
