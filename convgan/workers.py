"""Several processes, on one machine or many, that train as one: which there are, and what they say.

Each has its replicas of one `tf.distribute.MultiWorkerMirroredStrategy`. The first is the chief.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from convgan.errors import RunError, UsageError
from convgan.lazy import tf

PORT = 21000
"""The first of the ports that workers listen on where nobody says which."""


@dataclass(frozen=True)
class Workers:
    """Where the workers are, and which of them this process is."""

    addresses: tuple[str, ...]
    """host:port of each, the chief's first."""
    index: int


ALONE = Workers(("localhost",), 0)


@cache
def workers() -> Workers:
    """Return those that this process's environment names; see `named_workers`."""
    return named_workers(os.environ)


def named_workers(environment: Mapping[str, str]) -> Workers:
    """Return the workers that the environment names: TF_CONFIG, SLURM's tasks, or a Job's pods.

    Raises:
        UsageError: the environment contradicts itself.
    """
    try:
        if "TF_CONFIG" in environment:
            found = _of_tf_config(environment["TF_CONFIG"])
        elif int(environment.get("SLURM_STEP_NUM_TASKS", "1")) > 1:  # begun by srun
            found = _of_slurm(environment)
        elif "CONVGAN_SERVICE" in environment:
            found = _of_indexed_job(environment)
        else:
            return ALONE
        _ = found.addresses[found.index]
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise UsageError(
            "the workers cannot be read from TF_CONFIG, SLURM's or the Job's variables: "
            f"{type(error).__name__}: {error!s:.200}. Expected what docs/scale.md shows"
        ) from error
    return found if len(found.addresses) > 1 else ALONE


def _of_tf_config(text: str) -> Workers:
    """TensorFlow's own: a chief, if there is one, and workers."""
    config = json.loads(text)
    cluster, task = config["cluster"], config["task"]
    chiefs, others = cluster.get("chief", []), cluster.get("worker", [])
    index = int(task["index"]) + (0 if task["type"] == "chief" else len(chiefs))
    return Workers((*chiefs, *others), index)


def _of_slurm(environment: Mapping[str, str]) -> Workers:
    """One worker per task of the step, in the order of their ranks; no GPU is needed."""
    hosts = _hosts(environment["SLURM_STEP_NODELIST"])
    counts = [
        int(count)
        for count, times in re.findall(
            r"(\d+)(?:\(x(\d+)\))?", environment["SLURM_STEP_TASKS_PER_NODE"]
        )
        for _ in range(int(times or 1))
    ]
    first = PORT + int(environment.get("SLURM_JOB_ID", "0")) % 10000
    addresses = [
        f"{host}:{first + task}"
        for host, count in zip(hosts, counts, strict=True)
        for task in range(count)
    ]
    if len(addresses) != int(environment["SLURM_STEP_NUM_TASKS"]):
        raise ValueError(f"{len(addresses)} tasks on the nodes, SLURM_STEP_NUM_TASKS has others")
    return Workers(tuple(addresses), int(environment["SLURM_PROCID"]))


def _hosts(nodes: str) -> list[str]:
    """Expand `n[1-3,09],gpu7` as SLURM means it, in its order."""
    hosts = []
    for prefix, ranges in re.findall(r"([^,\[]+)(?:\[([^\]]+)\])?", nodes):
        for part in ranges.split(",") if ranges else [""]:
            first, _, last = part.partition("-")
            numbers = range(int(first), int(last) + 1) if last else [first]
            hosts += [f"{prefix}{str(number).zfill(len(first))}" for number in numbers]
    return hosts


def _of_indexed_job(environment: Mapping[str, str]) -> Workers:
    """One worker per pod of a Kubernetes Indexed Job, by its headless service."""
    index = int(environment["JOB_COMPLETION_INDEX"])
    job = environment["HOSTNAME"].removesuffix(f"-{index}")
    service, count = environment["CONVGAN_SERVICE"], int(environment["CONVGAN_WORKERS"])
    return Workers(tuple(f"{job}-{i}.{service}:{PORT}" for i in range(count)), index)


def strategy_of(found: Workers) -> tf.distribute.Strategy:
    """Return the strategy of all workers' replicas; it waits until they are all there."""
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(found.addresses)}),
        task_type="worker",
        task_id=found.index,
    )
    return tf.distribute.MultiWorkerMirroredStrategy(resolver)


def told_by_all(numbers: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return what each worker says, (workers, N), of its own numbers (N,).

    All workers wait for one another here.
    """
    here = workers()
    if here is ALONE:
        return numbers[None]
    table = np.zeros((len(here.addresses), len(numbers)), np.int32)
    table[here.index] = numbers
    strategy = tf.distribute.get_strategy()
    sums = strategy.experimental_local_results(_compiled_total()(tf.constant(table)))[0].numpy()
    each = strategy.num_replicas_in_sync // len(here.addresses)
    said: NDArray[np.int32] = sums // each
    return said


@cache
def _compiled_total() -> Callable[[tf.Tensor], tf.Tensor]:
    def of_replica(table: tf.Tensor) -> tf.Tensor:
        context = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(table))

    compiled: Callable[[tf.Tensor], tf.Tensor] = tf.function(
        lambda table: tf.distribute.get_strategy().run(of_replica, [table]), autograph=False
    )
    return compiled


@contextmanager
def loss_of_a_worker() -> Iterator[None]:
    """Say in words that another worker cannot be reached any more.

    Raises:
        RunError: instead of TensorFlow's error.
    """
    try:
        yield
    except tf.errors.OpError as error:
        if workers() is ALONE:
            raise
        reason = re.sub(r"\{\{.*?\}\}\s*", "", str(error.message)).strip().partition("\n")[0]
        raise RunError(
            f"worker {workers().index} cannot reach another worker any more ({reason:.120}). What "
            "came after the last checkpoint is lost; start all workers again, with --resume"
        ) from error


def check_same(facts: Mapping[str, str]) -> None:
    """Refuse to begin where a worker has other facts, by name, than the chief.

    Raises:
        UsageError: on all workers; says which has other ones.
    """
    digests = [sha256(fact.encode()).digest() for fact in facts.values()]
    said = told_by_all(np.frombuffer(b"".join(digests), np.int32))
    differing = (said != said[0]).reshape(len(said), len(facts), -1).any(axis=2)
    wrong = [
        f"worker {index} has another {name} than worker 0"
        for index, row in enumerate(differing)
        for name, other in zip(facts, row, strict=True)
        if other
    ]
    if wrong:
        raise UsageError("\n".join(["the workers cannot train together:", *wrong]))
