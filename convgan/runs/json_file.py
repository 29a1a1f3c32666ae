"""JSON objects in files: written whole, read with care."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from convgan.errors import DataError
from convgan.files import replacing

_MAX_BYTES = 50_000_000
Model = TypeVar("Model", bound=BaseModel)


def write_json(target: Path, value: Any) -> None:
    """Write JSON that every reader takes."""
    with replacing(target) as temporary:
        temporary.write_bytes(json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """Return JSON that every reader takes: numbers that are not finite become null."""
    return (json.dumps(finite(value), indent=2, allow_nan=False) + "\n").encode()


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        DataError: the file is missing, too large, or not a JSON object.
    """
    try:
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise ValueError(f"it has {size:,} bytes, more than a run ever writes")
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(value, dict):
        raise DataError(f"{path} holds {type(value).__name__}, expected a JSON object")
    return value


def validated(value: dict[str, Any], model: type[Model], wrong: str) -> Model:
    """Return what a file holds as a model.

    Raises:
        DataError: it is of another form; `wrong` begins the message, and the first fault ends it.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise DataError(
            f"{wrong}: {where:.200}: {first['msg']:.200}, got {first['input']!r:.80}"
        ) from error


def finite(value: Any) -> Any:
    """Return the value with None for each number in it that is not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value
