"""YAML that may be hostile: plain values, of bounded length, or an error in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from convgan.errors import UsageError

_MAX_BYTES = 100_000  # for which PyYAML takes a second
MAX_DIGITS = 40


class _PlainLoader(yaml.SafeLoader):
    """Values and nothing else: no aliases, of which a few lines can stand for gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise yaml.composer.ComposerError(
                None, None, "no anchors, aliases or tags here (& * !)", event.start_mark
            )
        return super().compose_node(parent, index)

    def compose_scalar_node(self, anchor: dict[Any, yaml.Node]) -> yaml.ScalarNode:
        node = super().compose_scalar_node(anchor)
        node.value.encode()  # an escape can stand for half of a character
        if "\0" in node.value:
            raise ValueError("a text has a zero character, which no name or path may have")
        if node.tag.endswith(":int") and len(node.value) > MAX_DIGITS:
            raise ValueError(f"a number has {len(node.value):,} digits, at most {MAX_DIGITS} are")
        return node


def parse_yaml(text: str, where: str) -> Any:
    """Return what the text says, which is from `where`.

    Raises:
        UsageError: it is not YAML, or more than plain values.
    """
    try:
        return yaml.load(text, Loader=_PlainLoader)  # noqa: S506 -- a SafeLoader
    # ValueError: dates and numbers that cannot be.
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise UsageError(f"{where} is not YAML: {error}") from error


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the keys and values of a file.

    Raises:
        UsageError: it cannot be read, is too long or not YAML, or has no keys.
    """
    expected = "a configuration is a preset's name or a YAML file"
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise UsageError(f"{path} is too long; {expected} of at most {_MAX_BYTES:,} bytes")
        tree = parse_yaml(content.decode("utf-8"), str(path))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no text in UTF-8; {expected}") from error
    if not isinstance(tree, dict):
        raise UsageError(f"{path} holds {type(tree).__name__}, expected keys and values")
    return tree
