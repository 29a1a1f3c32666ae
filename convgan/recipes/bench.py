"""`convgan bench`: how fast the training steps are on this machine, and how near its limit."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import tensorflow as tf

from convgan.config import ClassifierRunConfig, Config, load_config
from convgan.data import ImageSet, load_dataset
from convgan.data.clusters import clustered
from convgan.hardware import make_deterministic, set_precision_and_seed
from convgan.models.build import check_networks
from convgan.recipes.train_classifier import check_labels
from convgan.registry import DATASETS
from convgan.reporting.report import Table
from convgan.training.build import build_classifier_task, build_gan
from convgan.training.classifier import ClassifierTask
from convgan.training.gan import GAN
from convgan.training.loop import total_steps
from convgan.training.precision import resolve_precision
from convgan.training.step_operations import classifier_operations, gan_operations
from convgan.training.steps import compile_steps
from convgan.training.timing import Steps, seconds_per_step

PRESETS = ("classifier-mnist-article", "classifier-mnist", "dcgan-fashion-article", "dcgan-fashion")
_MATRIX = 2048


@dataclass(frozen=True)
class Candidate:
    """A training step to be measured."""

    steps: Steps
    batch_size: int
    operations: float
    """Floating-point operations of one step, two for a multiply-add."""
    precision: str


def bench(
    configs: Sequence[str] = PRESETS, changes: Sequence[str] = (), *, rounds: int = 9
) -> list[dict[str, Any]]:
    """Measure configurations' steps on the bundled samples, or on the own pictures in their folder.

    `changes` are `key=value` each, for all of them; each is measured `rounds` times.

    Returns:
        the numbers of each, as `compare`.
    """
    return compare({name: config_step(name, changes) for name in configs}, rounds=rounds)


def compare(
    candidates: Mapping[str, Candidate], *, rounds: int, seconds: float = 0.5
) -> list[dict[str, Any]]:
    """Measure steps interleaved, and with them a matrix product in each of their precisions.

    Returns:
        for each its name, batch size, precision, milliseconds per step (median, least and most),
        pictures per second, operations per step, the operations per second of a large matrix
        product in the same precision, and the fraction of those.
    """
    precisions = sorted({candidate.precision for candidate in candidates.values()})
    products = {precision: matrix_product(precision) for precision in precisions}
    steps = {name: each.steps for name, each in {**candidates, **products}.items()}
    times = seconds_per_step(steps, rounds=rounds, seconds=seconds)
    rows = []
    for name, each in candidates.items():
        median = statistics.median(times[name])
        limit = products[each.precision].operations / min(times[each.precision])
        rows.append(
            {
                "name": name,
                "batch_size": each.batch_size,
                "precision": each.precision,
                "milliseconds": 1e3 * median,
                "least": 1e3 * min(times[name]),
                "most": 1e3 * max(times[name]),
                "pictures_per_second": each.batch_size / median,
                "operations": each.operations,
                "limit": limit,
                "share_of_limit": each.operations / median / limit,
            }
        )
    return rows


def config_step(name: str, changes: Sequence[str] = ()) -> Candidate:
    """Return the compiled step of a preset or a YAML file, with a sample of the pictures."""
    config = load_config(name, changes)
    if DATASETS[config.data.name].has_sample:
        config = load_config(name, [*changes, "data.source=sample"])
    return compiled_step(config)


def seconds_of_training(config: Config) -> tuple[float, str]:
    """Return how long the steps would take here, by some of them, and the precision they had."""
    step = compiled_step(config)
    seconds = statistics.median(seconds_per_step({"": step.steps}, rounds=3)[""])
    count = len(load_dataset(config.data).train)
    count -= config.data.held_out(count)
    return seconds * total_steps(config.train, count), step.precision


def compiled_step(config: Config) -> Candidate:
    """Return the compiled step of a configuration."""
    task, train, operations = task_of(config)
    settings = task.train_config
    size = settings.batch_size
    steps = compile_steps(task, train, size, xla=settings.xla)
    steps(1)  # traced under this precision
    return Candidate(steps, size, size * operations, settings.precision)


def task_of(config: Config) -> tuple[ClassifierTask | GAN, ImageSet, float]:
    """Return what a configuration trains, the pictures, and the operations for each."""
    train = load_dataset(config.data).train
    if config.train.deterministic:
        make_deterministic()  # and with it all steps that are measured with it
    if isinstance(config, ClassifierRunConfig):
        check_labels(train)
    elif config.conditional == "clusters":
        train = clustered(train, config.seed)
    shape, classes = train.image_shape, len(train.class_names)
    tables = check_networks(config, shape, classes)

    count = 1000 * config.train.batch_size  # any schedule will do

    def build(config: Config) -> ClassifierTask | GAN:
        if isinstance(config, ClassifierRunConfig):
            return build_classifier_task(config, shape, classes, count=count)
        return build_gan(config, shape, classes, count=count)

    config = resolve_precision(config, train, partial(build, config))
    set_precision_and_seed(config.train.precision, config.seed)
    task = build(config)
    operations: float = (
        gan_operations(tables, task.train_config, one_pass=task.one_pass)
        if isinstance(task, GAN)
        else classifier_operations(tables)
    )
    return task, train, operations


def matrix_product(precision: str) -> Candidate:
    """Return the product of two large square matrices, the machine's limit in that precision."""
    dtype = tf.bfloat16 if precision == "mixed_bfloat16" else tf.float32
    a, b = (
        tf.cast(tf.random.stateless_normal([_MATRIX, _MATRIX], [seed, 0]) / _MATRIX**0.5, dtype)
        for seed in range(2)
    )

    # Many in one call, each of the last one's result: starting each would take a GPU longer.
    @tf.function(input_signature=[tf.TensorSpec([], tf.int32)], autograph=False)
    def products(count: tf.Tensor) -> tf.Tensor:
        begin = (tf.constant(0), a)
        _, last = tf.while_loop(
            lambda done, _: done < count, lambda done, x: (done + 1, tf.matmul(x, b)), begin
        )
        return last[0, 0]

    def steps(count: int) -> None:
        products(tf.constant(count)).numpy()

    return Candidate(steps, 1, 2.0 * _MATRIX**3, precision)


def bench_table(rows: list[dict[str, Any]]) -> Table:
    """Return the numbers for people."""
    limits = ", ".join(
        f"{precision} {limit / 1e9:,.0f} GFLOP/s"
        for precision, limit in {row["precision"]: row["limit"] for row in rows}.items()
    )
    return Table(
        f"Training steps, medians; a large matrix product makes {limits}",
        ("step", "batch", "ms", "least to most", "pictures/s", "GFLOP", "of the limit"),
        [
            (
                row["name"],
                str(row["batch_size"]),
                f"{row['milliseconds']:.1f}",
                f"{row['least']:.1f} to {row['most']:.1f}",
                f"{row['pictures_per_second']:,.0f}",
                f"{row['operations'] / 1e9:.2f}",
                f"{row['share_of_limit']:.0%}",
            )
            for row in rows
        ],
    )
