"""What several replicas give is what one device gives, to rounding."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from .replicated import CASES

FEW = (
    "classifier",
    "non_saturating, r1, simultaneous, batch norm",
    "relativistic, gradient_penalty, alternating, batch norm",
)


def result(count: int, cases: tuple[str, ...], folder: Path) -> dict[str, np.ndarray]:
    file = folder / f"{count}.npz"
    command = [sys.executable, "-m", "tests.training.replicated", str(count), str(file), *cases]
    subprocess.run(command, check=True, capture_output=True)
    return dict(np.load(file))


def assert_replicas_are_one_device(count: int, cases: tuple[str, ...], folder: Path) -> None:
    one, other_order, several = (result(n, cases, folder) for n in (1, 0, count))
    for case in cases:
        np.testing.assert_allclose(
            several[f"{case}: logs"], one[f"{case}: logs"], rtol=1e-5, atol=1e-5, err_msg=case
        )
        here, there = (
            np.abs(each[f"{case}: weights"] - one[f"{case}: weights"]).max()
            for each in (several, other_order)
        )
        assert here <= 3 * there, case


def test_two_replicas(tmp_path: Path) -> None:
    assert_replicas_are_one_device(2, FEW, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 4])
def test_every_loss_penalty_update_and_norm(count: int, tmp_path: Path) -> None:
    assert_replicas_are_one_device(count, tuple(CASES), tmp_path)
