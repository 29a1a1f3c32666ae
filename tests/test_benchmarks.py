"""The benchmarks' peers are what they say, and their tables and plots come out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest

from benchmarks import article, commands, growth, parts, steps
from benchmarks.other_process import OtherProcess
from convgan.models.build import check_networks
from convgan.recipes.bench import Candidate, compare

IMAGES = np.random.default_rng(0).integers(0, 256, (64, 28, 28, 1), np.uint8)
LABELS = np.arange(64) % 10


def test_the_articles_networks_have_their_parameters() -> None:
    generator, discriminator = article.dcgan_networks()
    assert generator.count_params() == 840_705
    assert discriminator.count_params() == 212_865
    assert article.article_classifier().count_params() == 93_322


@pytest.mark.parametrize("make", [article.train_on_batch_dcgan, article.two_tape_dcgan])
def test_the_articles_loops_train_both_networks(make: Any, monkeypatch: Any) -> None:
    made = []

    def networks(**options: Any) -> Any:
        made.append(built(**options))
        return made[-1]

    built = article.dcgan_networks
    monkeypatch.setattr(article, "dcgan_networks", networks)
    run = make(IMAGES, 4)
    before = [[value.copy() for value in network.get_weights()] for network in made[0]]
    run(1)
    for network, weights in zip(made[0], before, strict=True):
        kernels = [at for at, value in enumerate(weights) if value.ndim > 1]
        assert all(not np.array_equal(network.get_weights()[at], weights[at]) for at in kernels)


@pytest.mark.slow
def test_another_process_makes_the_steps_in_tensorflow_as_it_comes() -> None:
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "1"  # convgan has chosen
    with OtherProcess("benchmarks.article") as article:
        environment = Path(f"/proc/{article.pid}/environ")
        if environment.exists():
            assert "TF_ENABLE_ONEDNN_OPTS" not in environment.read_text()
        article.steps("two_tapes", 2)(1)
    assert article.returncode == 0


def test_the_articles_fit_makes_so_many_steps(monkeypatch: Any) -> None:
    model = article.article_classifier()
    monkeypatch.setattr(article, "article_classifier", lambda: model)
    run = article.fit_classifier(IMAGES, LABELS, 8)
    run(2)
    run(9)  # more than there are pictures
    assert int(model.optimizer.iterations) == 11


def test_a_table_puts_each_beside_the_first() -> None:
    def busy(times: int) -> Any:
        matrix = np.ones((100, 100))
        return lambda count: [matrix + matrix for _ in range(count * times)]

    candidates = {
        "slow": Candidate(busy(64), 2, 64e6, "float32"),
        "fast": Candidate(busy(1), 2, 1e6, "float32"),
    }
    rows = compare(candidates, rounds=2, seconds=0.01)
    lines = steps.markdown("Title", rows).splitlines()
    assert lines[0] == "### Title"
    assert "GFLOP/s" in lines[2]
    assert lines[6].startswith("| slow |")
    slow, fast = (float(line.split("|")[4]) for line in lines[6:])
    assert slow == 1
    assert fast > 1
    assert len({line.count("|") for line in lines[4:]}) == 1


def test_a_part_taken_out_leaves_the_same_step() -> None:
    """To rounding; and it is out."""
    changes = [steps.SIMULTANEOUS, "train.batch_size=4"]
    asked = []

    def never(*args: Any) -> bool:
        asked.append(args)
        return False

    without = {"one backward pass": (parts.ONE_PASS[0], never)}
    made = parts.candidates("dcgan-fashion-article", changes, without)
    whole, usual = (made[name](2).logs for name in ("", "one backward pass"))
    assert asked
    assert whole == pytest.approx(usual, rel=1e-3)


@pytest.mark.parametrize("size", [28, 64, 128])
def test_growth_has_networks_for_each_size(size: int) -> None:
    tables = check_networks(growth.config(size=size, width=4), (size, size, 1), 0)
    shapes = {role: rows[-1].output_shape for role, rows in tables.items()}
    assert shapes == {"generator": (size, size, 1), "discriminator": (1,)}


def test_growth_reads_pictures_from_a_file(tmp_path: Path) -> None:
    images = growth.mapped(tmp_path, 2000)
    assert isinstance(images, np.memmap)
    assert images.shape == (2000, 28, 28, 1)
    assert images[1500].any()


def test_growth_is_drawn(tmp_path: Path) -> None:
    axes = ("batch size", "picture size", "width", "number of pictures, in a file")
    growth.draw(tmp_path / "a.png", {axis: {"16": 20.0, "512": 10.0} for axis in axes})
    assert iio.imread(tmp_path / "a.png").std() > 0


def test_the_time_of_a_command() -> None:
    assert commands.seconds_of([sys.executable, "-c", "import time; time.sleep(0.2)"]) > 0.2
    with pytest.raises(subprocess.CalledProcessError):
        commands.seconds_of([sys.executable, "-c", "raise SystemExit(3)"])
