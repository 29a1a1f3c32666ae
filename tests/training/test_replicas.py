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

FEW = ("augmented, simultaneous",)


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


def assert_same_logs(how: str, cases: tuple[str, ...], folder: Path) -> None:
    one, several = (result(n, cases, folder) for n in ("1", how))
    for case in cases:
        name = f"{case}: logs"
        np.testing.assert_allclose(several[name], one[name], rtol=1e-5, atol=1e-5, err_msg=name)


def test_two_replicas(tmp_path: Path) -> None:
    assert_same_logs("2", FEW, tmp_path)


def rms(values: np.ndarray) -> float:
    """The root mean square: the largest difference of one weight is a few last digits, by luck."""
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.slow
@pytest.mark.parametrize("how", ["2", "4", "2 workers"])
def test_every_loss_penalty_update_and_norm(how: str, tmp_path: Path) -> None:
    """And the weights differ as they do for another order of each batch's pictures."""
    assert_same_logs(how, tuple(CASES), tmp_path)
    one, several = (dict(np.load(tmp_path / f"{n}.npz")) for n in ("1", how))
    other_order = result("0", tuple(CASES), tmp_path)
    for case in CASES:
        name = f"{case}: weights"
        here, there = (rms(each[name] - one[name]) for each in (several, other_order))
        assert here <= 3 * there, case


WRONG_SUMS = """
import logging, sys
import tensorflow as tf
from convgan.replicas import on_replicas, replica_mean

class Wrong(tf.distribute.ReductionToOneDevice):
    def batch_reduce_implementation(self, *args):
        return [tf.nest.map_structure(lambda sums: 2 * sums, sums, expand_composites=True)
                for sums in super().batch_reduce_implementation(*args)]

right = tf.distribute.MirroredStrategy
tf.distribute.MirroredStrategy = lambda names, cross_device_ops=None: right(
    names, Wrong() if sys.argv[1] == "both" else cross_device_ops or Wrong())
logging.getLogger("convgan").addHandler(logging.StreamHandler(sys.stdout))
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
with on_replicas(2, 2):
    here = lambda: tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, tf.float32)
    sums = tf.function(lambda: tf.distribute.get_strategy().run(lambda: replica_mean(here())))()
print(*(each.numpy() for each in sums.values))
"""


@pytest.mark.parametrize("which", ["first", pytest.param("both", marks=pytest.mark.slow)])
def test_sums_that_are_wrong_here(which: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WRONG_SUMS, which], capture_output=True, text=True, check=False
    )
    assert "the sum over 2 replicas is wrong; one of them adds for all" in ended.stdout
    if which == "first":
        assert ended.stdout.endswith("0.5 0.5\n")
    else:
        assert "NCCL_P2P_DISABLE=1" in ended.stderr
        assert ended.returncode == 1


@pytest.mark.slow
def test_a_dry_run_has_pictures_for_all(tmp_path: Path) -> None:
    command = "from convgan.cli import main; main()"
    options = ["--set=data.source=sample", "--replicas=8", "--dry-run", f"--out={tmp_path}"]
    ended = subprocess.run(
        [sys.executable, "-c", command, "train-classifier", *options],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "dry run: one step on 32 images gave loss " in ended.stdout + ended.stderr
    assert "nan" not in ended.stdout
