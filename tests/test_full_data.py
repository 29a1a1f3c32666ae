"""The main job on the full data sets, in its shortest form."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import imageio.v3 as iio
import pytest
from typer.testing import CliRunner

from convgan.cli import app
from convgan.config import DataConfig
from convgan.data import load_dataset
from convgan.evaluation.evaluator import bundled_card, bundled_evaluator
from convgan.runs import Run

pytestmark = [
    pytest.mark.full_data,
    pytest.mark.skipif("CONVGAN_DATA" not in os.environ, reason="CONVGAN_DATA is not set"),
]


def done(*args: str | Path) -> str:
    result = CliRunner().invoke(app, [str(arg) for arg in args])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_short_training_learns_digits(tmp_path: Path) -> None:
    done("train-classifier", "--set=data.limit=20000", "--epochs=3", "--out", tmp_path)
    numbers = json.loads(done("eval", "--json", "--out", tmp_path))
    assert numbers["provenance"]["data"]["origin"].startswith("full")
    assert numbers["count"] == 10_000
    assert numbers["accuracy"] > 0.95


def test_two_processes_give_the_same_bytes(tmp_path: Path) -> None:
    """With the bundled sample a label smoothing that did not, did."""
    for name in ("one", "other"):
        command = "from convgan.cli import main; main()"
        options = ["--device=cpu", "--epochs=1", f"--name={name}", f"--out={tmp_path}"]
        subprocess.run(
            [sys.executable, "-c", command, "train-classifier", *options],
            check=True,
            capture_output=True,
        )
    one, other = ((tmp_path / f"{n}-0001/metrics.jsonl").read_bytes() for n in ("one", "other"))
    assert one == other
    assert one.count(b"\n") > 10


def test_a_short_training_makes_several_kinds_of_clothes(tmp_path: Path) -> None:
    done("train-dcgan", "--set=data.limit=12800", "--epochs=2", "--out", tmp_path)
    run = Run.open(tmp_path / "dcgan-fashion-0001")
    assert run.manifest["data"]["origin"].startswith("full")
    assert run.manifest["best"]["val_frechet"] > 0
    grid = iio.imread(run.file(run.manifest["samples"][-1]["file"]))
    assert grid.std() > 30  # neither grey nor noise of one level
    numbers = json.loads(
        done("eval", "--json", "--samples=2000", "--labels=100", "--out", tmp_path)
    )
    made = [fraction for fraction in numbers["classes"]["generated"].values() if fraction > 0.02]
    assert len(made) >= 5
    measured = {result["name"]: result for result in numbers["metrics"]}
    assert measured["class_total_variation"]["value"] < 0.6
    assert measured["frechet"]["value"] > 3 * measured["frechet"]["reference"]


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_the_bundled_evaluators_are_as_accurate_as_their_cards_say(name: str) -> None:
    test = load_dataset(DataConfig(name=name, source="full")).test
    network, card = bundled_evaluator(name), bundled_card(name)
    assert network is not None
    assert card is not None
    _, logits = network.predict(test.images)
    right = int((logits.argmax(axis=1) == test.labels).sum())
    # Another processor may round a picture at the border of two classes the other way.
    assert abs(right - 10_000 * card["test_accuracy"]) <= 3
    assert test.fingerprint == card["test_sha256"]
