"""The runs that all others are compared with, never stopped, and one that was."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from .runs import finished, here, run_in, stop_at

Whole = Callable[[str], Path]


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """From a task to a run of it that was never stopped."""
    return cache(lambda task: finished(task, tmp_path_factory.mktemp(task)))


@pytest.fixture(scope="session")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier's run that was stopped after its third epoch, with two checkpoints."""
    out = tmp_path_factory.mktemp("stopped")
    with pytest.MonkeyPatch.context() as patch:
        stop_at(56, 2, patch)
        assert here("classifier", out).exit_code == 130
    return out


@pytest.fixture
def run(stopped: Path, tmp_path: Path) -> Path:
    """A copy of it, in `tmp_path`."""
    shutil.copytree(stopped, tmp_path, dirs_exist_ok=True)
    run = run_in(tmp_path)
    assert run
    return run
