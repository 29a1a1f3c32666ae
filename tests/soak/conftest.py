"""The runs that all others are compared with, never stopped, and one that was."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import Once

from .runs import finished, here, run_in, stop_at

Whole = Callable[[str], Path]


@pytest.fixture(scope="session")
def whole(once: Once) -> Whole:
    """From a task to a run of it that was never stopped."""

    @cache
    def run(task: str) -> Path:
        found = run_in(once(f"whole-{task}", lambda out: finished(task, out)))
        assert found
        return found

    return run


@pytest.fixture(scope="session")
def stopped(once: Once) -> Path:
    """A classifier's run that was stopped after its third epoch, with two checkpoints."""

    def stop(out: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            stop_at(56, 2, patch)
            assert here("classifier", out).exit_code == 130

    return once("stopped", stop)


@pytest.fixture
def run(stopped: Path, tmp_path: Path) -> Path:
    """A copy of it, in `tmp_path`."""
    shutil.copytree(stopped, tmp_path, dirs_exist_ok=True)
    run = run_in(tmp_path)
    assert run
    return run
