"""What several replicas give is what one device gives, to rounding."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from .replicated import CASES

FEW = ("classifier", "relativistic, r1, alternating, batch norm")


def result(count: int, cases: tuple[str, ...], folder: Path) -> dict[str, np.ndarray]:
    file = folder / f"{count}.npz"
    command = [sys.executable, "-m", "tests.training.replicated", str(count), str(file), *cases]
    subprocess.run(command, check=True, capture_output=True)
    return dict(np.load(file))


def assert_same_logs(count: int, cases: tuple[str, ...], folder: Path) -> None:
    one, several = (result(n, cases, folder) for n in (1, count))
    for case in cases:
        name = f"{case}: logs"
        np.testing.assert_allclose(several[name], one[name], rtol=1e-5, atol=1e-5, err_msg=name)


def test_two_replicas(tmp_path: Path) -> None:
    assert_same_logs(2, FEW, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("count", "cases"), [(2, tuple(CASES)), (4, FEW)])
def test_every_loss_penalty_update_and_norm(
    count: int, cases: tuple[str, ...], tmp_path: Path
) -> None:
    assert_same_logs(count, cases, tmp_path)
    one, several = (dict(np.load(tmp_path / f"{n}.npz")) for n in (1, count))
    other_order = result(0, cases, tmp_path)
    for case in cases:
        name = f"{case}: weights"
        here, there = (np.abs(each[name] - one[name]).max() for each in (several, other_order))
        assert here <= 3 * there, case
