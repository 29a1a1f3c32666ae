"""Tiny runs, trained once for all files."""

from __future__ import annotations

from pathlib import Path

import pytest

from convgan.runs import Run
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


@pytest.fixture(scope="session")
def labelled(once: Once) -> Run:
    """A run whose networks are given labels."""
    options = [*TINY_DCGAN, "--set=conditional=true"]
    folder = once("labelled", lambda path: done("train-dcgan", *options, "--out", path))
    return Run.open(folder / "dcgan-fashion-0001")
