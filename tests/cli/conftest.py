"""Tiny runs, trained once for all files of a worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from .commands import TINY_CLASSIFIER, TINY_DCGAN, done


@pytest.fixture(scope="session")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one tiny run of each network, both on Fashion-MNIST's sample."""
    folder = tmp_path_factory.mktemp("outputs")
    done("train-classifier", "-c", "classifier-fashion", *TINY_CLASSIFIER, "--out", folder)
    done("train-dcgan", *TINY_DCGAN, "--out", folder)
    return folder


@pytest.fixture(scope="session")
def other_seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same DCGAN of another seed: its run folder."""
    folder = tmp_path_factory.mktemp("other")
    done("train-dcgan", *TINY_DCGAN, "--out", folder, "--seed=1")
    return folder / "dcgan-fashion-0001"
