"""What the tests of plots share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from matplotlib.figure import Figure


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
