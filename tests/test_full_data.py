"""The main job on the full data sets, in its shortest form."""

from __future__ import annotations

import json
import os
from pathlib import Path

import imageio.v3 as iio
import pytest
from typer.testing import CliRunner

from convgan.cli import app
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
    done("train-classifier", "--set=data.limit=20000", "--epochs=1", "--out", tmp_path)
    numbers = json.loads(done("eval", "--json", "--out", tmp_path))
    assert numbers["data"]["origin"].startswith("full")
    assert numbers["count"] == 10_000
    assert numbers["accuracy"] > 0.95


def test_a_short_training_makes_several_kinds_of_clothes(tmp_path: Path) -> None:
    judge = ["-c", "classifier-fashion", "--set=data.limit=20000", "--epochs=1"]
    done("train-classifier", *judge, "--out", tmp_path)
    done("train-dcgan", "--set=data.limit=12800", "--epochs=1", "--out", tmp_path)
    run = Run.open(tmp_path / "dcgan-fashion-0001")
    assert run.manifest["data"]["origin"].startswith("full")
    grid = iio.imread(run.file(run.manifest["samples"][-1]["file"]))
    assert grid.std() > 30  # neither grey nor noise of one level
    numbers = json.loads(done("eval", "--json", "--out", tmp_path))
    made = [share for share in numbers["generated_shares"].values() if share > 0.02]
    assert len(made) >= 5
    assert numbers["total_variation"] < 0.6
