"""Tiny runs, trained once for all files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Once

from .commands import TINY_CLASSIFIER, TINY_DCGAN, done


@pytest.fixture(scope="session")
def out(once: Once) -> Path:
    """A folder with one tiny run of each network, both on Fashion-MNIST's sample."""

    def train(folder: Path) -> None:
        done("train-classifier", "-c", "classifier-fashion", *TINY_CLASSIFIER, "--out", folder)
        done("train-dcgan", *TINY_DCGAN, "--out", folder)

    return once("outputs", train)


@pytest.fixture(scope="session")
def other_seed(once: Once) -> Path:
    """The same DCGAN of another seed: its run folder."""
    folder = once("other", lambda path: done("train-dcgan", *TINY_DCGAN, "--out", path, "--seed=1"))
    return folder / "dcgan-fashion-0001"
