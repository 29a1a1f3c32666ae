"""The evaluator of images: a network, as a rule a classifier, whose features are compared.

Every quality number depends on it, so it carries its name and the SHA-256 of its file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from convgan.errors import DataError
from convgan.evaluation.metric import Predictions
from convgan.models.network_file import read_network
from convgan.models.pixels import to_float
from convgan.registry import DATASETS

_BUNDLED = Path(__file__).parent / "networks"
EVALUATOR_BATCH = 50  # few, for memory


@dataclass(frozen=True, eq=False)
class Evaluator:
    """A trained classifier, asked for the layer named `features` and for its logits.

    `sha256` is of the weights and the configuration, hex; `model` makes float images (N, H, W, C)
    in [-1, 1] to [features (N, D), logits (N, K)]. K is 0 for a network that knows no classes.
    """

    name: str
    sha256: str
    model: keras.Model
    class_names: tuple[str, ...] = ()
    """K names, those of the images that it was trained on where they are known."""

    @property
    def dimension(self) -> int:
        """D, the number of features."""
        return int(self.model.outputs[0].shape[-1])

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(H, W, C) of the images that it takes."""
        height, width, channels = self.model.input_shape[1:]
        return height, width, channels

    @property
    def num_classes(self) -> int:
        """K."""
        return int(self.model.outputs[1].shape[-1])

    def predict(self, images: NDArray[np.uint8]) -> Predictions:
        """Uint8 images (N, H, W, C) to features (N, D) and logits (N, K), in flat memory.

        Raises:
            DataError: not all of them are finite.
        """
        features = np.empty((len(images), self.dimension), np.float32)
        logits = np.empty((len(images), self.num_classes), np.float32)
        for start in range(0, len(images), EVALUATOR_BATCH):
            part = slice(start, start + EVALUATOR_BATCH)
            features[part], logits[part] = self._apply(images[part])
        if not (np.isfinite(features).all() and np.isfinite(logits).all()):
            raise DataError(
                f"the evaluator {self.name} gives features or logits that are NaN or infinite: its "
                "weights have diverged. Train another one"
            )
        return Predictions(features, logits)

    @cached_property
    def _apply(self) -> Any:
        """The compiled network, for batches of any size."""
        batch = tf.TensorSpec((None, *self.image_shape), tf.uint8)
        return tf.function(
            lambda images: self.model(to_float(images), training=False),
            input_signature=[batch],
            autograph=False,
        )


def load_evaluator(path: Path, name: str, class_names: tuple[str, ...] = ()) -> Evaluator:
    """Load a classifier's network file.

    Raises:
        DataError: the file is missing or damaged, or has no layer named `features`.
    """
    saved = read_network(path)
    network = saved.network
    try:
        features = network.get_layer("features").output
    except ValueError as error:
        raise DataError(
            f"{path} has no layer named 'features': expected a network of train-classifier"
        ) from error
    model = keras.Model(network.inputs, [features, *network.outputs], name="evaluator")
    count = int(model.outputs[1].shape[-1])
    if len(class_names) != count:
        class_names = tuple(f"class {label}" for label in range(count))
    return Evaluator(name, saved.sha256, model, class_names)


def bundled_card(data_name: str) -> dict[str, Any] | None:
    """Return what is known of the network that comes with convgan for a data set, or None."""
    path = _BUNDLED / f"{data_name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def bundled_evaluator(data_name: str) -> Evaluator | None:
    """Return the network that comes with convgan for a data set, or None.

    Raises:
        DataError: the file is not the one that its card describes.
    """
    card = bundled_card(data_name)
    if card is None:
        return None
    path = _BUNDLED / f"{data_name}.safetensors"
    network = load_evaluator(path, f"convgan-{data_name}", DATASETS[data_name].class_names)
    if network.sha256 != card["sha256"]:
        raise DataError(
            f"{path} has SHA-256 {network.sha256}, expected {card['sha256']}: install convgan anew"
        )
    return network
