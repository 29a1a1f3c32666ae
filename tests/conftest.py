"""Tests see no network, no full data set and none of TensorFlow's start-up noise."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest


@pytest.fixture(autouse=True)
def _bundled_data_only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take CONVGAN_DATA away, except from the tests that are there for the full data."""
    if request.node.get_closest_marker("full_data") is None:
        monkeypatch.delenv("CONVGAN_DATA", raising=False)
