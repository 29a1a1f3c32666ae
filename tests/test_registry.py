"""Registries: filled at import, asked by name, each name once."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Literal

import pytest

from convgan.config.kinds import LOSSES, Loss
from convgan.config.section import Section
from convgan.data.folder import Folder
from convgan.errors import UsageError
from convgan.registry import DATASETS, Registry
from convgan.training.losses import Hinge

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
    assert tuple(registry) == ("triangle", "square", "circle")
    assert registry["circle"] is Circle  # type: ignore[comparison-overlap]


def test_a_long_name_is_cut() -> None:
    with pytest.raises(UsageError) as caught:
        shapes()["x" * 10_000]
    assert len(str(caught.value)) < 200


class WithoutCall(Loss):
    name: Literal["without_call"]


class OtherName(Hinge):
    name: Literal["other"]  # type: ignore[assignment]


class AnyName(Hinge):
    name: str  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (lambda real, fake: (real, fake), "expected a class derived from Loss"),
        (Section, "expected a class derived from Loss"),
        (WithoutCall, "does not define __call__"),
        (OtherName, 'expected its field `name: Literal["mine"]`'),
        (AnyName, 'expected its field `name: Literal["mine"]`'),
    ],
)
def test_what_is_no_entry_is_refused_when_it_is_added(entry: object, said: str) -> None:
    with pytest.raises(TypeError, match=re.escape(said)):
        LOSSES.add("mine")(entry)
    assert "mine" not in LOSSES


@pytest.mark.parametrize("entry", [object(), Folder])
def test_what_is_no_data_source_is_refused_when_it_is_added(entry: object) -> None:
    with pytest.raises(TypeError, match="expected an instance of a DataSource"):
        DATASETS.add("mine")(entry)
    assert "mine" not in DATASETS


def test_an_extension_cannot_take_the_name_of_what_convgan_has() -> None:
    with pytest.raises(ValueError, match="already is a loss named 'hinge'"):
        LOSSES.add("hinge")(Hinge)
