"""One training step on several devices that gives what it gives on one.

`tf.distribute` runs the step once per replica, each with its own part of the batch. What is random
for each image is drawn for the whole batch, and a replica takes its part of it; what is a mean over
the batch is the mean over the replicas, whose parts are equally large. Everywhere else, and on one
device, all this is nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import numpy as np

from convgan.errors import RunError, UsageError
from convgan.lazy import tf
from convgan.workers import ALONE, strategy_of, workers

logger = logging.getLogger("convgan")
T = TypeVar("T")


def replica_count() -> int:
    """Return of how many replicas' steps the code that runs is one; 1 outside of them."""
    context = tf.distribute.get_replica_context()
    return context.num_replicas_in_sync if context else 1


def own_part(batch: tf.Tensor) -> tf.Tensor:
    """Return this replica's rows of what stands for the whole batch."""
    count = replica_count()
    if count == 1:
        return batch
    rows = tf.shape(batch)[0] // count
    first = tf.distribute.get_replica_context().replica_id_in_sync_group * rows
    known = batch.shape[0] and batch.shape[0] // count
    return tf.ensure_shape(batch[first : first + rows], [known, *batch.shape[1:]])


def drawn(draw: Callable[[Any], tf.Tensor], rows: Any) -> tf.Tensor:
    """Return `rows` rows, this replica's, of what `draw` gives for those of the whole batch."""
    return own_part(draw(rows * replica_count()))


def drawn_uniform(
    images: tf.Tensor, shape: Sequence[int], seed: tf.Tensor, *limits: Any
) -> tf.Tensor:
    """Return numbers (N, *shape), a row for each image (N, …): uniform in [0, 1), or in `limits`.

    `drawn` says which; a third limit is their type.
    """
    return drawn(
        lambda rows: tf.random.stateless_uniform([rows, *shape], seed, *limits),
        tf.shape(images)[0],
    )


def replica_mean(values: T) -> T:
    """Return the means over the replicas of tensors that each has of its own, in their structure.

    Their gradients are exact.
    """
    if replica_count() == 1:
        return values
    context = tf.distribute.get_replica_context()
    means: T = context.all_reduce(tf.distribute.ReduceOp.MEAN, values)
    return means


@contextmanager
def on_replicas(count: int, batch_size: int, *, xla: bool = False) -> Iterator[None]:
    """Have what is built in the block train on so many of the devices of each worker.

    Raises:
        UsageError: they cannot share the batch equally, or there are not so many; or XLA is to
            compile the step, which it does for one device.
        RunError: their sums are wrong on this machine.
    """
    if count == 1 and workers() is ALONE:
        yield
        return
    if xla:
        raise UsageError("train.xla compiles for one device, and does not go with several replicas")
    strategy = _strategy(count)
    total = strategy.num_replicas_in_sync
    if total != count * len(workers().addresses):
        raise UsageError(
            f"runtime.replicas {count}: got {total} replicas for {len(workers().addresses)} "
            "workers; on processors each worker is one replica"
        )
    if batch_size % total:
        fitting = [n for n in range(1, 2 * total) if batch_size % n == 0]
        raise UsageError(
            f"{total} replicas cannot share train.batch_size {batch_size} equally; take "
            f"{' or '.join(map(str, fitting))} replicas, or batches of "
            f"{-(-batch_size // total) * total}"
        )
    with replicated(strategy):
        yield


@contextmanager
def replicated(strategy: tf.distribute.Strategy) -> Iterator[None]:
    """Have each replica hold all variables that are made in the block.

    They are equal, as all that changes them is, so that an assignment takes the first replica's
    value.
    """

    def equal(make: Callable[..., Any], **settings: Any) -> Any:
        first = tf.VariableAggregation.ONLY_FIRST_REPLICA
        return make(**settings | {"aggregation": first})

    with strategy.scope(), tf.variable_creator_scope(equal):
        yield


@cache
def _strategy(count: int) -> tf.distribute.Strategy:
    """Return the process's only one: a second would exchange values under the first one's keys.

    Raises:
        RunError: the sum over its replicas is wrong on this machine.
    """
    for strategy in _strategies(count):
        if _adds_up(strategy):
            return strategy
    raise RunError(
        f"the sum over {strategy.num_replicas_in_sync} replicas, whose value is known, is wrong. "
        "On some pairs of GPUs NCCL's is: try NCCL_P2P_DISABLE=1, or --device cpu"
    )


def _strategies(count: int) -> Iterator[tf.distribute.Strategy]:
    """Give the usual one, and the one to take where its sums are wrong, if there is one."""
    if workers() is not ALONE:
        yield strategy_of(workers())
        return
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    names = [device.name for device in devices[:count]]
    yield tf.distribute.MirroredStrategy(names)
    logger.warning("the sum over %d replicas is wrong; one of them adds for all", count)
    yield tf.distribute.MirroredStrategy(names, tf.distribute.ReductionToOneDevice())


def _adds_up(strategy: tf.distribute.Strategy) -> bool:
    """Whether each replica of this process finds the right sum, over all, of as much as a network.

    4 MB of small whole numbers, whose sums float32 holds exactly.
    """

    def sum_of_replica(numbers: tf.Tensor) -> tf.Tensor:
        context = tf.distribute.get_replica_context()
        number = tf.cast(context.replica_id_in_sync_group + 1, numbers.dtype)
        return context.all_reduce(tf.distribute.ReduceOp.SUM, numbers * number)

    count = strategy.num_replicas_in_sync
    numbers = tf.range(2.0**20) % 16
    sums = tf.function(lambda: strategy.run(sum_of_replica, [numbers]), autograph=False)()
    expected = numbers.numpy() * (count * (count + 1) // 2)
    found = strategy.experimental_local_results(sums)
    return all(np.array_equal(each.numpy(), expected) for each in found)
