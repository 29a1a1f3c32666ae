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
            return _read(path, shapes)
        except (DataError, SafetensorError, OSError, ValueError) as error:
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


def _read(path: Path, shapes: dict[str, tuple[int, int]]) -> Predictions:
    expected = 4 * sum(rows * columns for rows, columns in shapes.values())
    size = path.stat().st_size
    if not expected < size <= expected + _HEADER:
        raise DataError(f"it has {size} bytes, expected {expected} and a header")
    with safe_open(path, framework="numpy") as file:
        found = {}
        for name, shape in shapes.items():
            part = file.get_slice(name)
            if part.get_dtype() != "F32" or tuple(part.get_shape()) != shape:
                raise DataError(f"{name}: {part.get_dtype()} {part.get_shape()}, not F32 {shape}")
            found[name] = file.get_tensor(name)
        predictions = Predictions(**found)
        if (file.metadata() or {}).get("sha256") != _digest(predictions):
            raise DataError("its numbers are not those that were written")
    return predictions


def _write(path: Path, predictions: Predictions) -> None:
    with replacing(path) as temporary:
        arrays = predictions._asdict()
        save_file(arrays, temporary, metadata={"sha256": _digest(predictions)})
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


def _digest(predictions: Predictions) -> str:
    digest = hashlib.sha256()
    for array in predictions:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
