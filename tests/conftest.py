"""Tests see no network, no full data set and none of TensorFlow's start-up noise."""

from __future__ import annotations

import os
from collections.abc import Iterator

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "PYTEST_XDIST_WORKER" in os.environ:  # one per core, whose threads would wait for one another
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest


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
