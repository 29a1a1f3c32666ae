"""What several replicas give is what one device gives, to rounding."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from convgan.recipes.launch import free_addresses

from .replicated import CASES

FEW = ("classifier", "augmented, simultaneous", "relativistic, r1, alternating, batch norm")


def result(how: str, cases: tuple[str, ...], folder: Path) -> dict[str, np.ndarray]:
    """Train on "2" replicas, say, on "0" (see there) or by "2 workers"."""
    count, several = how.partition(" ")[0], "workers" in how
    file = folder / f"{how}.npz"
    replicas = "1" if several else count
    command = [sys.executable, "-m", "tests.training.replicated", replicas, str(file), *cases]
    addresses = free_addresses(int(count)) if several else []
    started = []
    for index in range(max(1, len(addresses))):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        environment = os.environ | ({"TF_CONFIG": json.dumps(task)} if several else {})
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))
    assert [each.wait() for each in started] == [0] * len(started)
    return dict(np.load(file))


def assert_same(how: str, cases: tuple[str, ...], folder: Path) -> None:
    """The logs agree; the weights differ as they do for another order of a batch's pictures."""
    one, several, other_order = (result(n, cases, folder) for n in ("1", how, "0"))
    for case in cases:
        logs, weights = f"{case}: logs", f"{case}: weights"
        np.testing.assert_allclose(several[logs], one[logs], rtol=1e-5, atol=1e-5, err_msg=case)
        here, there = (
            np.abs(each[weights] - one[weights]).max() for each in (several, other_order)
        )
        assert here <= 3 * there, case


@pytest.mark.parametrize("how", ["2", pytest.param("2 workers", marks=pytest.mark.slow)])
def test_a_few(how: str, tmp_path: Path) -> None:
    assert_same(how, FEW, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["2", "4", "2 workers"])
def test_every_loss_penalty_update_and_norm(how: str, tmp_path: Path) -> None:
    assert_same(how, tuple(CASES), tmp_path)
