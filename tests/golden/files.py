"""The JSON files of golden numbers: one row to a line, so that a difference is easy to see."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import EVALUATORS, evaluator_outputs, presets, step_losses, tables
from .pinned import pinned_process

FOLDER = Path(__file__).parent


def read(name: str) -> Any:
    """Return what a file holds."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def record(name: str) -> Path:
    """Write a file anew from what the code gives now, and return its path."""
    levels, content = _CONTENTS[name]
    path = FOLDER / f"{name}.json"
    path.write_text(_text(content(), levels) + "\n", encoding="utf-8")
    return path


def plain(value: Any) -> Any:
    """Return the value as JSON gives it back: lists for tuples."""
    return json.loads(json.dumps(value))


def _losses() -> dict[str, Any]:
    with pinned_process() as process:
        return {name: process.submit(step_losses, name).result() for name in presets()}


_CONTENTS: dict[str, tuple[int, Callable[[], dict[str, Any]]]] = {
    "losses": (2, _losses),
    "layer_tables": (3, lambda: {name: tables(name) for name in presets()}),
    "evaluators": (3, lambda: {name: evaluator_outputs(name) for name in EVALUATORS}),
}
"""Of each file, how many levels at most have their items on lines of their own, and the content."""

NAMES = tuple(_CONTENTS)


def _text(value: Any, levels: int, indent: str = "") -> str:
    """Return JSON with that many levels spread over lines; floats keep all their digits."""
    if levels == 0 or not _has_parts(value):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    within = indent + " "
    if isinstance(value, dict):
        lines = [
            f"{json.dumps(key)}: {_text(each, levels - 1, within)}" for key, each in value.items()
        ]
        first, last = "{}"
    else:
        lines = [_text(each, levels - 1, within) for each in value]
        first, last = "[]"
    return f"{first}\n{within}" + f",\n{within}".join(lines) + f"\n{indent}{last}"


def _has_parts(value: Any) -> bool:
    """Say whether it holds lists or dicts."""
    parts = value.values() if isinstance(value, dict) else value
    return isinstance(value, dict | list) and any(isinstance(part, dict | list) for part in parts)
