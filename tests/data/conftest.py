"""Every test here sees an empty home, no system packages and no network."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from convgan.data import places, published
from convgan.data.idx import idx_sha256
from convgan.data.published_idx import IDX_FILES, PublishedIdx
from convgan.errors import DataError
from convgan.registry import DATASETS

from .making import Four, some_arrays, write_four

FULL_DATA = os.environ.get("CONVGAN_DATA")


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONVGAN_DATA", "KERAS_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setattr(places, "SYSTEM_PREFIXES", (tmp_path / "usr",))

    def no_network(*args: object, **kwargs: object) -> None:
        raise DataError("there is no network in tests")

    monkeypatch.setattr(published, "download", no_network)


@pytest.fixture
def arrays() -> Four:
    return some_arrays(np.random.default_rng(5))


@pytest.fixture
def small(arrays: Four, monkeypatch: pytest.MonkeyPatch) -> PublishedIdx:
    """A small data set that takes the place of the published mnist."""
    mnist = DATASETS["mnist"]
    assert isinstance(mnist, PublishedIdx)
    one, two, three, four = (idx_sha256(array) for array in arrays)
    entry = replace(mnist, sha256=(one, two, three, four), url="https://x.invalid/")
    monkeypatch.setitem(DATASETS._entries, "mnist", entry)
    return entry


@pytest.fixture
def folder(tmp_path: Path, arrays: Four) -> Path:
    """A folder with the four files of the small data set."""
    return write_four(tmp_path / "files", arrays)


@pytest.fixture
def full_data() -> Path:
    """The folder above mnist/ and fashion-mnist/ with the published files."""
    if FULL_DATA is None or not list(Path(FULL_DATA).glob(f"*/{IDX_FILES[0]}*")):
        pytest.skip("CONVGAN_DATA names no folder of the full data sets")
    return Path(FULL_DATA).resolve()
