"""Registries: filled at import, asked by name, each name once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from convgan.errors import UsageError
from convgan.registry import Registry

HATS: Registry[int] = Registry("hat", "home_of_hats")


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


def test_the_home_is_imported_at_the_first_look_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home_of_hats.py").write_text(
        "from tests.test_registry import HATS\nHATS.add('bowler')(1)\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "home_of_hats" not in sys.modules
    assert list(HATS) == ["bowler"]
    assert list(HATS) == ["bowler"]  # and no second time


def test_a_class_stays_what_it_was() -> None:
    registry = shapes()

    @registry.add("circle")
    class Circle:
        pass

    assert isinstance(Circle, type)
    assert registry.names() == ("triangle", "square", "circle")
    assert registry["circle"] is Circle  # type: ignore[comparison-overlap]


def test_a_long_name_is_cut() -> None:
    with pytest.raises(UsageError) as caught:
        shapes()["x" * 10_000]
    assert len(str(caught.value)) < 200
