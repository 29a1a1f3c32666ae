"""What the tests of plots share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from matplotlib.figure import Figure
from PIL.ImageDraw import ImageDraw


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Every figure that is saved, as it was when it was saved."""
    seen: list[Figure] = []
    save: Callable[..., None] = Figure.savefig

    def spy(self: Figure, *args: object, **kwargs: object) -> None:
        seen.append(self)
        save(self, *args, **kwargs)
        vars(self)["clear"] = lambda: None  # which would come next

    monkeypatch.setattr(Figure, "savefig", spy)
    return seen


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that is drawn beside images and is not empty."""
    seen: list[str] = []
    draw: Callable[..., None] = ImageDraw.text

    def spy(self: ImageDraw, where: Any, text: str, *args: Any) -> None:
        seen.extend([text] if text else [])
        draw(self, where, text, *args)

    monkeypatch.setattr(ImageDraw, "text", spy)
    return seen
