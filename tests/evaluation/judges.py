"""A tiny classifier in a file, as a run leaves it."""

from __future__ import annotations

from pathlib import Path

import keras

from convgan.models.network_file import write_network
from tests.training.tiny import classifier_spec


def classifier_file(folder: Path) -> Path:
    """Write the same untrained classifier each time."""
    keras.utils.set_random_seed(3)
    spec = classifier_spec()
    path = folder / "classifier.safetensors"
    write_network(path, "classifier", spec.build(), spec)
    return path
