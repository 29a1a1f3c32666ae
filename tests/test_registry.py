"""Registries: filled at import, asked by name, each name once."""

from __future__ import annotations

import pytest

from convgan.errors import UsageError
from convgan.registry import Registry


def shapes() -> Registry[int]:
    registry: Registry[int] = Registry("shape", "convgan.errors")
    registry.add("triangle")(3)
    registry.add("square")(4)
    return registry


def test_entries_by_name_in_the_order_added() -> None:
    registry = shapes()
    assert list(registry) == ["triangle", "square"]
    assert registry["square"] == 4


@pytest.mark.parametrize("name", ["sqare", "circle", 3, None, ["square"]])
def test_what_is_not_there_is_named_with_what_is(name: object) -> None:
    with pytest.raises(UsageError, match=r"no shape .*triangle, square") as caught:
        shapes()[name]
    assert ("did you mean 'square'" in str(caught.value)) == (name in ("sqare", ["square"]))


def test_a_name_cannot_be_taken_twice() -> None:
    with pytest.raises(ValueError, match="already is a shape named 'square'"):
        shapes().add("square")(5)
