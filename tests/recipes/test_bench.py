"""The benchmark: its operations against a count by hand, its table, its turns."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest

from convgan.config import ClassifierRunConfig, GanRunConfig, GanTrainConfig, load_config
from convgan.errors import DataError
from convgan.models.build import check_networks
from convgan.recipes.bench import bench, bench_table
from convgan.terminal import format_tables
from convgan.training.step_operations import classifier_operations, gan_operations
from convgan.training.timing import seconds_per_step

SHAPE = (28, 28, 1)


def test_operations_of_a_classifier() -> None:
    config = load_config("classifier-mnist-article")
    assert isinstance(config, ClassifierRunConfig)
    convolutions = 26 * 26 * 9 * 32 + 11 * 11 * 9 * 32 * 64 + 3 * 3 * 9 * 64 * 64
    forward = 2 * (convolutions + 576 * 64 + 64 * 10)
    assert classifier_operations(check_networks(config, SHAPE, 10)) == 3 * forward


def train(*changes: str) -> GanTrainConfig:
    config = load_config("dcgan-fashion-article", changes)
    assert isinstance(config, GanRunConfig)
    return config.train


def test_operations_of_all_forms_of_the_adversarial_step() -> None:
    in_turn, together, critic, paired = (
        train(*changes)
        for changes in (
            ["train.update=alternating"],
            ["train.update=simultaneous"],
            ["train.update=alternating", "train.critic_steps=5"],
            ["train.update=alternating", "train.loss=relativistic"],
        )
    )
    tables = check_networks(load_config("dcgan-fashion-article"), SHAPE, 10)
    d = 2 * (14 * 14 * 25 * 64 + 7 * 7 * 25 * 64 * 128 + 6272)
    # A transposed convolution multiplies each of its inputs with each weight of their channel.
    g = 2 * (100 * 6272 + 7 * 7 * 25 * 128 * 64 + 14 * 14 * 25 * 64)
    assert gan_operations(tables, in_turn) == 4 * g + 8 * d
    assert gan_operations(tables, paired) == 4 * g + 9 * d
    assert gan_operations(tables, critic) == g + 6 * d + (3 * g + 2 * d) / 5
    assert gan_operations(tables, together) == 3 * g + 7 * d
    assert gan_operations(tables, together, one_pass=True) == 3 * g + 6 * d


def test_candidates_take_turns_for_as_long_as_asked() -> None:
    calls: list[tuple[str, int]] = []

    def steps(name: str, seconds: float) -> Any:
        def make(count: int) -> None:
            calls.append((name, count))
            time.sleep(seconds * count)

        return make

    candidates = {"fast": steps("fast", 0.002), "slow": steps("slow", 0.02)}
    times = seconds_per_step(candidates, rounds=3, seconds=0.04)
    assert [name for name, _ in calls[-6:]] == ["fast", "slow"] * 3
    counts = dict(calls[-6:])
    assert 1 <= counts["slow"] <= 3
    assert counts["fast"] > counts["slow"]
    assert all(len(values) == 3 for values in times.values())
    assert min(times["slow"]) >= 0.02


@pytest.mark.slow
def test_a_row_for_each_preset() -> None:
    changes = ["train.batch_size=32", "train.precision=auto"]
    rows = bench(("classifier-mnist-article",), changes, rounds=1)
    (row,) = rows
    assert row["batch_size"] == 32
    assert row["precision"] in {"float32", "mixed_bfloat16"}
    assert row["pictures_per_second"] == pytest.approx(32e3 / row["milliseconds"])
    config = load_config("classifier-mnist-article")
    assert isinstance(config, ClassifierRunConfig)
    assert row["operations"] == 32 * classifier_operations(check_networks(config, SHAPE, 10))
    share = row["operations"] / (row["milliseconds"] / 1e3) / row["limit"]
    assert row["share_of_limit"] == pytest.approx(share)
    assert 0 < share < 1.5
    text = format_tables([bench_table(rows)])
    assert "classifier-mnist-article" in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_classifier_needs_labels(tmp_path: Path) -> None:
    for place in range(40):
        grey = np.full((8, 8), place, np.uint8)
        iio.imwrite(tmp_path / f"{place}.png", grey)
    changes = ["data.name=folder", f"data.folder={tmp_path}", "data.image_size=8"]
    with pytest.raises(DataError, match="no labels: a classifier needs one folder per class"):
        bench(("classifier-mnist-article",), changes)
