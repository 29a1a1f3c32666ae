"""Going on with a run: what is refused, what is not, and what is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner, Result

from convgan.arrays import read_header
from convgan.cli import app
from convgan.runs import Run

from .data.making import some_arrays, write_four

TINY = [
    "--set=data.validation=0.2",
    "--set=train.batch_size=4",
    "--set=train.schedule=constant",
    "--set=model.blocks.0.filters=2",
    "--set=model.blocks.1.filters=2",
    "--set=model.flatten=average",
    "--epochs=1",
]


def convgan(*args: str | Path) -> Result:
    return CliRunner().invoke(app, ["train-classifier", *map(str, args)])


def done(*args: str | Path) -> Result:
    result = convgan(*args)
    assert result.exit_code == 0, result.output
    return result


def refused(*args: str | Path, code: int = 2) -> str:
    result = convgan(*args)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures, and one epoch of a run on them."""
    folder = tmp_path_factory.mktemp("made")
    write_four(folder / "mnist", some_arrays(np.random.default_rng(1), size=12))
    done(*TINY, f"--set=data.folder={folder}", "--out", folder)
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """A copy of that run."""
    return Path(shutil.copytree(made / "classifier-mnist-0001", tmp_path / "classifier-mnist-0001"))


def test_keys_that_differ_are_listed_and_nothing_is_changed(run: Path) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    said = refused("--resume", run, "--seed=5", "--set=model.blocks.0.filters=3", "--epochs=2")
    assert "model.blocks.0.filters: 2 before, 3 now" in said
    assert "seed: 0 before, 5 now" in said
    assert "epochs" not in said
    after = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert after == before


def test_an_edited_configuration_is_noticed(run: Path) -> None:
    tree = yaml.safe_load((run / "config.yaml").read_text())
    tree["train"]["optimizer"]["learning_rate"] = 0.5
    (run / "config.yaml").write_text(yaml.safe_dump(tree))
    assert "train.optimizer.learning_rate: " in refused("--resume", run)


def test_what_may_change(run: Path, made: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "pictures"
    shutil.copytree(made / "mnist", elsewhere / "mnist")
    changes = ["steps_per_call=2", "checkpoint_every.minutes=0", "keep_checkpoints=9"]
    sets = [f"--set=runtime.{change}" for change in [*changes, "on_nan=rollback"]]
    done("--resume", run, "--epochs=3", *sets, f"--set=data.folder={elsewhere}")
    now = Run.open(run)
    assert now.config().train.epochs == 3
    assert [time["epoch"] for time in now.manifest["times"]] == [1, 2, 3]
    newest = max((run / "checkpoints").iterdir())
    assert read_header(newest)["config"]["runtime"]["steps_per_call"] == 2


def test_other_pictures_are_noticed(run: Path, tmp_path: Path) -> None:
    write_four(tmp_path / "mnist", some_arrays(np.random.default_rng(2), size=12))
    said = refused("--resume", run, "--epochs=2", f"--set=data.folder={tmp_path}")
    assert "made with other training pictures: their SHA-256 was" in said


def test_a_run_that_was_killed_before_its_first_checkpoint(run: Path) -> None:
    shutil.rmtree(run / "checkpoints")
    result = done("--resume", run)
    assert "has no checkpoint yet: it begins at the beginning" in result.stdout
    assert [record["step"] for record in Run.open(run).records()] == [4, 4]


def test_all_checkpoints_are_damaged(run: Path) -> None:
    for path in (run / "checkpoints").iterdir():
        path.write_bytes(path.read_bytes()[:1000])
    said = refused("--resume", run, code=1)
    assert "no whole checkpoint" in said


def test_a_changed_schedule_is_said(made: Path, tmp_path: Path) -> None:
    changes = [change for change in TINY if "schedule" not in change]
    done(*changes, f"--set=data.folder={made}", "--set=train.schedule=cosine", "--out", tmp_path)
    result = done("--resume", "--epochs=2", "--out", tmp_path)
    assert "train.epochs was 1 and is 2: the learning rates follow the new schedule" in (
        result.stderr
    )


def test_a_finished_run_has_nothing_to_do(run: Path) -> None:
    before = {path.name: path.read_bytes() for path in (run / "checkpoints").iterdir()}
    done("--resume", run)
    assert {path.name: path.read_bytes() for path in (run / "checkpoints").iterdir()} == before
    assert Run.open(run).manifest["status"] == "finished"
