"""Tests see no network, no full data set and none of TensorFlow's start-up noise."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as convgan does, before it is imported
if "PYTEST_XDIST_WORKER" in os.environ:  # one per core, whose threads would wait for one another
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from filelock import FileLock

Once = Callable[[str, Callable[[Path], object]], Path]

# What takes longest begins first, so that no worker waits at the end; folders take turns, so that
# two workers do not begin with files that wait for one run.
LONGEST = ("soak", "cli", "test_golden.py", "extensions", "training", "test_resume.py")


def pytest_configure(config: pytest.Config) -> None:
    config.option.loadscopereorder = False  # else those with the most tests begin first


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    turns: dict[str, list[Path]] = {name: [] for name in LONGEST}

    def rank(item: pytest.Item) -> tuple[bool, int, int]:
        first = item.path.relative_to(Path(__file__).parent).parts[0]
        if first not in turns:
            return True, 0, 0
        if item.path not in turns[first]:
            turns[first].append(item.path)
        return False, turns[first].index(item.path), LONGEST.index(first)

    items.sort(key=rank)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """From a name and a function that fills a folder to a copy, filled by one worker for all."""

    def copy(name: str, fill: Callable[[Path], object]) -> Path:
        base = tmp_path_factory.getbasetemp()
        folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"once-{name}"
        with FileLock(f"{folder}.lock"):
            if not folder.exists():
                part = folder.with_suffix(".part")
                part.mkdir()
                fill(part)
                part.rename(folder)
        return Path(shutil.copytree(folder, tmp_path_factory.mktemp(name), dirs_exist_ok=True))

    return copy


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what convgan caches out of the user's folder, and the user's out of the tests."""
    import matplotlib as mpl

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLCONFIGDIR", mpl.get_cachedir())  # its fonts take seconds to find
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _bundled_data_only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take CONVGAN_DATA away, except from the tests that are there for the full data."""
    if request.node.get_closest_marker("full_data") is None:
        monkeypatch.delenv("CONVGAN_DATA", raising=False)


@pytest.fixture(autouse=True)
def _float32_again() -> Iterator[None]:
    """Take back the precision that a test has set for all networks that are built after it."""
    yield
    if keras := sys.modules.get("keras"):
        keras.config.set_dtype_policy("float32")


@pytest.fixture(params=["float32", "mixed_bfloat16"])
def precision(request: pytest.FixtureRequest) -> str:
    """Both precisions, for the tests of networks."""
    import keras

    keras.config.set_dtype_policy(request.param)
    return str(request.param)
