"""What several devices cost: one replica's overhead, the bytes exchanged, a predicted speed-up.

    python -m benchmarks.scaling [--rounds 15] [--out docs/benchmark]

Measured: a step on one device beside one on one replica of each strategy, in turn; the sums over
the replicas that a step asks for, counted while it is traced for two; the step of each part of a
batch; and how long two processes on this machine take for a sum. Predicted: N devices each make the
step of their part of the batch, and every sum goes round a ring (Patarasuk and Yuan, 2009) in
2 (N - 1) messages of 1/N of its bytes, while nothing else is done.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any
from unittest.mock import patch

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as convgan does, before it is imported

import tensorflow as tf

from benchmarks.options import logger, parser, read_options, write
from convgan.config import load_config
from convgan.hardware import start_tensorflow
from convgan.recipes.bench import config_step, task_of
from convgan.recipes.launch import free_addresses
from convgan.replicas import replicated
from convgan.training.timing import seconds_per_step
from convgan.workers import strategy_of, workers

PRESETS = ("classifier-mnist", "dcgan-fashion")
DEVICES = (1, 2, 4, 8, 16, 32, 64)
NETWORKS = {"10 Gbit/s, 50 µs": (50e-6, 1.25e9), "100 Gbit/s, 5 µs": (5e-6, 12.5e9)}
"""Seconds per message and bytes per second; of no network in particular."""
SMALL, LARGE = 4, 1 << 22
"""Bytes of the sums that are timed."""
_ALL_REDUCE = tf.distribute.ReplicaContext.all_reduce


def overhead(preset: str, rounds: int) -> dict[str, Any]:
    """Return a step's milliseconds on one device and on one replica of each, and the ratios."""
    places: dict[str, AbstractContextManager[None]] = {
        "one device": nullcontext(),
        "MirroredStrategy": replicated(tf.distribute.MirroredStrategy(["/cpu:0"])),
        "MultiWorkerMirroredStrategy": replicated(tf.distribute.MultiWorkerMirroredStrategy()),
    }
    steps = {}
    for name, place in places.items():
        with place:
            steps[name] = config_step(preset).steps
    times = seconds_per_step(steps, rounds=rounds)
    alone = times["one device"]
    return {
        name: {
            "milliseconds": 1e3 * statistics.median(taken),
            "ratio": statistics.median(b / a for a, b in zip(alone, taken, strict=True)),
        }
        for name, taken in times.items()
    }


def exchanged(preset: str) -> dict[str, float]:
    """Return how many sums over the replicas a step has, and their bytes; means over the steps."""
    strategy = tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])
    with replicated(strategy):
        task, pictures, _ = task_of(load_config(preset, ["data.source=sample"]))
        half = task.train_config.batch_size // 2
        images, labels = pictures.images[:half], pictures.labels
        part = tf.constant(images), None if labels is None else tf.constant(labels[:half])
        traced: dict[str, list[int]] = {}
        steps: list[list[int]] = []
        for step in range(task.train_config.batch_size):  # any multiple of the intervals
            due = {name: bool(value) for name, value in task.due(tf.constant(step)).items()}
            if str(due) not in traced:
                call = partial(strategy.run, task.train_step, (*part, due))
                with counted() as found:
                    tf.function(call, autograph=False).get_concrete_function()
                traced[str(due)] = found
            steps.append(traced[str(due)])
    return {  # each of the two replicas asks for all; and the log's numbers are one more
        "sums": statistics.mean(map(len, steps)) / 2 + 1,
        "bytes": statistics.mean(map(sum, steps)) / 2 + 4 * len(task.log_names),
    }


@contextmanager
def counted() -> Iterator[list[int]]:
    """Give the bytes of each sum that is traced in the block, by each of the replicas."""
    found: list[int] = []

    def all_reduce(context: Any, operation: Any, values: Any, options: Any = None) -> Any:
        each = tf.nest.flatten(values)
        found.append(sum(value.shape.num_elements() * value.dtype.size for value in each))
        return _ALL_REDUCE(context, operation, values, options)

    with patch.object(tf.distribute.ReplicaContext, "all_reduce", all_reduce):
        yield found


def parts_of_a_batch(preset: str, rounds: int) -> dict[int, float]:
    """Return the seconds of a step of the whole batch, half of it, and so on, by its pictures."""
    size = load_config(preset).train.batch_size
    sizes = [size // n for n in DEVICES if size % n == 0]
    steps = {str(n): config_step(preset, [f"train.batch_size={n}"]).steps for n in sizes}
    times = seconds_per_step(steps, rounds=rounds)
    return {int(name): statistics.median(taken) for name, taken in times.items()}


def predicted(
    seconds: float, devices: int, sums: float, size: float, network: tuple[float, float]
) -> float:
    """Return the seconds of a step whose own part takes `seconds`, with its sums."""
    latency, bandwidth = network
    messages = 2 * (devices - 1)
    return seconds + messages * (sums * latency + size / devices / bandwidth)


def two_processes() -> dict[str, float]:
    """Return the seconds of a small and of a large sum over two processes on this machine."""
    addresses = free_addresses(2)
    started = []
    for index in range(2):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        command = [sys.executable, "-m", "benchmarks.scaling", "--worker"]
        environment = {**os.environ, "TF_CONFIG": json.dumps(task)}
        started.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        )
    said = [process.communicate()[0] for process in started]
    times: dict[str, float] = json.loads(said[0].splitlines()[-1])
    return times


def timed_sums() -> dict[str, float]:
    """Return the median seconds of a sum over the workers, by its bytes."""
    strategy = strategy_of(workers())

    def add(values: tf.Tensor) -> tf.Tensor:
        context = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.SUM, values)

    times = {}
    for size in (SMALL, LARGE):
        values = tf.zeros([size // 4])
        call = tf.function(partial(strategy.run, add, (values,)), autograph=False)
        taken = []
        for _ in range(60):
            begin = time.perf_counter()
            strategy.experimental_local_results(call())[0].numpy()
            taken.append(time.perf_counter() - begin)
        times[str(size)] = statistics.median(taken[10:])
    return times


def table(preset: str, measured: dict[str, Any]) -> str:
    """Return the predictions as a table in Markdown."""
    seconds = measured["parts"]
    whole = max(seconds)
    sums, size = measured["exchanged"]["sums"], measured["exchanged"]["bytes"]
    head = "".join(f" {name} | … batch × N |" for name in NETWORKS)
    lines = [
        f"| {preset}: N | step alone |{head}",
        "| --- | --- |" + " --- | --- |" * len(NETWORKS),
    ]
    for n in DEVICES:
        part = seconds.get(whole // n) if whole % n == 0 else None
        row = f"| {n} | {'–' if part is None else f'{1e3 * part:.1f} ms'} |"
        for network in NETWORKS.values():
            same = part and f"{seconds[whole] / predicted(part, n, sums, size, network):.1f}"
            grown = n * seconds[whole] / predicted(seconds[whole], n, sums, size, network)
            row += f" {same or '–'} | {grown:.1f} |"
        lines.append(row)
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write."""
    arguments = parser(__doc__, rounds=15)
    arguments.add_argument("--worker", action="store_true", help="time sums with another process")
    options = read_options(arguments)
    if options.worker:
        start_tensorflow(device="cpu")
        logger.info(json.dumps(timed_sums()))
        return
    start_tensorflow(device="cpu", replicas=2)
    results: dict[str, Any] = {"seconds of a sum over two processes": two_processes()}
    logger.info("a sum over two processes, by its bytes: %s", results)
    for preset in PRESETS:
        measured: dict[str, Any] = {
            "overhead": overhead(preset, options.rounds),
            "exchanged": exchanged(preset),
            "parts": parts_of_a_batch(preset, options.rounds),
        }
        results[preset] = measured
        for name, numbers in measured["overhead"].items():
            logger.info(
                "%s, %s: %.1f ms, %.3f times",
                preset,
                name,
                numbers["milliseconds"],
                numbers["ratio"],
            )
        logger.info("%s: %s", preset, measured["exchanged"])
        logger.info("%s\n", table(preset, measured))
    write(options.out / "scaling.json", results)


if __name__ == "__main__":
    main()
