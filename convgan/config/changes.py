"""Which configurations may go on with one another's checkpoints."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from convgan.config.schema import Config

# How long, how often and where, but not what is computed. Of the data only the pictures count.
MAY_CHANGE = (
    "name",
    "data.folder",
    "data.source",
    "train.epochs",
    "runtime",
)


def identity(config: Config) -> dict[str, Any]:
    """Return the configuration as plain values by dotted key, less what may change."""
    values = dict(flatten(config.model_dump(mode="json")))
    return {key: value for key, value in values.items() if not _may_change(key)}


def differing_keys(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return what differs between two identities, as `key: before, now`."""
    return [
        f"{key}: {_shown(before, key)} before, {_shown(now, key)} now"
        for key in sorted(differing(before, now))
    ]


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the keys that only one of two has, or whose values differ."""
    keys = dict.fromkeys([*one, *other])
    return [key for key in keys if (key in one, one.get(key)) != (key in other, other.get(key))]


def _may_change(key: str) -> bool:
    return any(key == name or key.startswith(f"{name}.") for name in MAY_CHANGE)


def _shown(values: dict[str, Any], key: str) -> str:
    return json.dumps(values[key]) if key in values else "nothing"


def flatten(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield plain values by their dotted keys (`blocks.0.filters`), those below `key`."""
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from flatten(item, f"{key}.{name}" if key else name)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from flatten(item, f"{key}.{index}" if key else str(index))
    else:
        yield key, value
