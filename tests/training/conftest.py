"""One trace for each task."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from convgan.training.steps import compile_steps


@pytest.fixture(scope="module")
def trace_once() -> Iterator[None]:
    """Let the loop trace each task only once: it takes longer than all else in a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("convgan.training.loop.compile_steps", cache(compile_steps))
        yield
