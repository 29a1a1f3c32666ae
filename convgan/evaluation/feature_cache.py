"""What evaluators make of real images, kept in `convgan_cache()/features`.

A file is named by everything that its numbers depend on, so it is never out of date; the oldest
go when all together are too large.
"""

from __future__ import annotations

import hashlib
import json
import logging
from contextlib import suppress
from pathlib import Path

import tensorflow as tf

from convgan.arrays import Form, read_arrays, write_arrays
from convgan.data import ImageSet
from convgan.data.places import convgan_cache
from convgan.errors import DataError, RunError
from convgan.evaluation.evaluator import EVALUATOR_BATCH, Evaluator
from convgan.evaluation.metric import Predictions
from convgan.hardware import processor_kind

LIMIT = 1_000_000_000  # bytes of all files together
logger = logging.getLogger("convgan")


def cached_predictions(evaluator: Evaluator, images: ImageSet) -> Predictions:
    """Return what the evaluator makes of the images, from the cache or for it.

    A file that is damaged is reported and made again; a folder that cannot be written is reported.
    """
    path = convgan_cache() / "features" / f"{_key(evaluator, images)}.safetensors"
    expected = {
        "features": Form("float32", (len(images), evaluator.dimension)),
        "logits": Form("float32", (len(images), evaluator.num_classes)),
    }
    if path.is_file():
        try:
            _, arrays = read_arrays(path, expected)
            return Predictions(**arrays)
        except (DataError, RunError) as error:
            logger.warning("%s; it is made again", error)
    predictions = evaluator.predict(images.images)
    try:
        write_arrays(path, {}, predictions._asdict())
        _make_room(path)
    except RunError as error:
        logger.warning("features are not kept for the next time: %s", error)
    return predictions


def _key(evaluator: Evaluator, images: ImageSet) -> str:
    parts = [
        evaluator.sha256, images.fingerprint, tf.__version__, processor_kind(), EVALUATOR_BATCH,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _make_room(newest: Path) -> None:
    """Remove the oldest files until all together are at most `LIMIT` bytes."""
    with suppress(OSError):  # another process may be removing the same
        files = sorted(newest.parent.iterdir(), key=lambda path: path.stat().st_mtime)
        total = sum(path.stat().st_size for path in files)
        for path in files:
            if total > LIMIT and path != newest:
                total -= path.stat().st_size
                path.unlink(missing_ok=True)
