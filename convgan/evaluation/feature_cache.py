"""What evaluators make of real images, kept in `convgan_cache()/features`.

A file is named by everything that its numbers depend on, so it is never out of date; the oldest
go when all together are too large. Nothing in a file is believed that is not checked.
"""

from __future__ import annotations

import hashlib
import json
import logging
from contextlib import suppress
from pathlib import Path

import numpy as np
import tensorflow as tf
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from convgan.data import ImageSet
from convgan.data.places import convgan_cache
from convgan.errors import DataError, RunError
from convgan.evaluation.evaluator import EVALUATOR_BATCH, Evaluator
from convgan.evaluation.metric import Predictions
from convgan.files import replacing
from convgan.hardware import processor_kind

logger = logging.getLogger("convgan")

LIMIT = 1_000_000_000
"""Bytes of all files together."""
_HEADER = 1_000  # bytes that a file may have in addition to its numbers


def cached_predictions(evaluator: Evaluator, images: ImageSet) -> Predictions:
    """Return what the evaluator makes of the images, from the cache or for it.

    A file that is damaged is reported and made again; a folder that cannot be written is reported.
    """
    path = convgan_cache() / "features" / f"{_key(evaluator, images)}.safetensors"
    shapes = {
        "features": (len(images), evaluator.dimension),
        "logits": (len(images), evaluator.num_classes),
    }
    if path.is_file():
        try:
            return read_predictions(path, shapes)
        except (DataError, OSError) as error:
            logger.warning("%s is damaged and made again: %s", path, error)
    predictions = evaluator.predict(images.images)
    try:
        _write(path, predictions)
    except RunError as error:
        logger.warning("features are not kept for the next time: %s", error)
    return predictions


def _key(evaluator: Evaluator, images: ImageSet) -> str:
    parts = [
        evaluator.sha256, images.fingerprint, tf.__version__, processor_kind(), EVALUATOR_BATCH,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def read_predictions(path: Path, shapes: dict[str, tuple[int, int]]) -> Predictions:
    """Read a file of the cache.

    Raises:
        DataError: it is damaged, or not of these shapes.
    """
    expected = 4 * sum(rows * columns for rows, columns in shapes.values())
    size = path.stat().st_size
    if not expected < size <= expected + _HEADER:
        raise DataError(f"it has {size} bytes, expected {expected} and a header")
    try:
        with safe_open(path, framework="numpy") as file:
            parts = {name: file.get_slice(name) for name in shapes}
            found = {name: (part.get_dtype(), *part.get_shape()) for name, part in parts.items()}
            if found != {name: ("F32", *shape) for name, shape in shapes.items()}:
                raise DataError(f"it holds {found}, expected float32 of {shapes}")
            predictions = Predictions(**{name: file.get_tensor(name) for name in shapes})
            digest = (file.metadata() or {}).get("sha256")
    except SafetensorError as error:
        raise DataError(f"it is no safetensors file: {error}") from error
    if digest != digest_of(predictions):
        raise DataError("its numbers are not those that were written")
    return predictions


def _write(path: Path, predictions: Predictions) -> None:
    with replacing(path) as temporary:
        arrays = predictions._asdict()
        save_file(arrays, temporary, metadata={"sha256": digest_of(predictions)})
    _make_room(path)


def _make_room(newest: Path) -> None:
    """Remove the oldest files until all together are at most `LIMIT` bytes."""
    with suppress(OSError):  # another process may be removing the same
        files = sorted(newest.parent.iterdir(), key=lambda path: path.stat().st_mtime)
        total = sum(path.stat().st_size for path in files)
        for path in files:
            if total > LIMIT and path != newest:
                total -= path.stat().st_size
                path.unlink(missing_ok=True)


def digest_of(predictions: Predictions) -> str:
    """Return the SHA-256 of features and logits, hex."""
    digest = hashlib.sha256()
    for array in predictions:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
