"""Which workers the environment names."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from convgan.errors import UsageError
from convgan.workers import ALONE, Workers, check_same, named_workers

CHIEF: dict[str, Any] = {
    "cluster": {"chief": ["a:1"], "worker": ["b:1", "c:2"]},
    "task": {"type": "worker", "index": 1},
}
SLURM = {
    "SLURM_STEP_NUM_TASKS": "5",
    "SLURM_PROCID": "2",
    "SLURM_JOB_ID": "1230077",
    "SLURM_STEP_NODELIST": "n[9-10],gpu007",
    "SLURM_STEP_TASKS_PER_NODE": "2(x2),1",
}
JOB = {
    "JOB_COMPLETION_INDEX": "1",
    "HOSTNAME": "train-1",
    "CONVGAN_SERVICE": "convgan",
    "CONVGAN_WORKERS": "2",
}


def test_tf_config() -> None:
    found = named_workers({"TF_CONFIG": json.dumps(CHIEF)})
    assert found == Workers(("a:1", "b:1", "c:2"), 2)


def test_slurm_in_the_order_of_its_ranks() -> None:
    hosts = ("n9:21077", "n9:21078", "n10:21077", "n10:21078", "gpu007:21077")
    assert named_workers(SLURM) == Workers(hosts, 2)


def test_pods_of_an_indexed_job() -> None:
    found = named_workers(JOB)
    assert found == Workers(("train-0.convgan:21000", "train-1.convgan:21000"), 1)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"SLURM_JOB_ID": "3"},
        SLURM | {"SLURM_STEP_NUM_TASKS": "1"},
        {"JOB_COMPLETION_INDEX": "0"},
    ],
)
def test_one_process(environment: dict[str, str]) -> None:
    assert named_workers(environment) is ALONE


@pytest.mark.parametrize(
    "environment",
    [
        {"TF_CONFIG": "{"},
        {"TF_CONFIG": "[]"},
        {"TF_CONFIG": json.dumps(CHIEF | {"task": {"type": "worker", "index": 2}})},
        SLURM | {"SLURM_STEP_TASKS_PER_NODE": "2(x2)"},
        SLURM | {"SLURM_PROCID": "5"},
        {key: value for key, value in JOB.items() if key != "CONVGAN_WORKERS"},
    ],
)
def test_an_environment_that_contradicts_itself(environment: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"workers cannot be read .* docs/scale\.md"):
        named_workers(environment)


def test_who_has_another_fact_than_the_chief_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """That workers refuse each other so is in tests/soak/test_workers.py."""
    said: list[NDArray[np.int32]] = []

    def told(mine: NDArray[np.int32]) -> NDArray[np.int32]:
        said.append(mine)
        return np.stack(said)

    monkeypatch.setattr("convgan.workers.told_by_all", told)
    check_same({"configuration": "a", "set of pictures": "b"})
    check_same({"configuration": "a", "set of pictures": "b"})
    with pytest.raises(UsageError) as refused:
        check_same({"configuration": "a", "set of pictures": "c"})
    assert str(refused.value).splitlines()[1:] == [
        "worker 2 has another set of pictures than worker 0"
    ]
