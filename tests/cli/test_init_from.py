"""--init-from: a training that begins with another run's weights."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from convgan.arrays import read_header
from convgan.callbacks.session import RunOptions
from convgan.callbacks.starting import start_from
from convgan.config import ClassifierRunConfig
from convgan.models.network_file import read_network, read_spec
from convgan.runs import Run
from convgan.training.build import build_classifier_task, build_gan
from convgan.training.task import Task

from .commands import TINY_CLASSIFIER, TINY_DCGAN, convgan, done, refused
from .test_networks import GENERATOR

CLASSIFIER = ["-c", "classifier-fashion", *TINY_CLASSIFIER]


def begun(folder: Path, *, ema_decay: float = 0.9) -> tuple[Task, RunOptions]:
    """A new task of a run's configuration with that run's weights."""
    run = Run.open(folder)
    config = run.config()
    task: Task
    if isinstance(config, ClassifierRunConfig):
        _, spec = read_spec(folder / "model/classifier.safetensors")
        task = build_classifier_task(config, spec.image_shape, spec.num_classes, count=100)
    else:
        _, spec = read_spec(folder / "model/discriminator.safetensors")
        train = config.train.model_copy(update={"ema_decay": ema_decay})
        config = config.model_copy(update={"train": train})
        task = build_gan(config, spec.image_shape, spec.num_classes, count=100)
    return task, start_from(RunOptions(Path(), "x", "cpu", "", init_from=run), task)


def assert_holds(task: Task, files: dict[str, Path]) -> None:
    assert task.networks.keys() == files.keys()
    for name, path in files.items():
        saved = read_network(path).network.get_weights()
        for found, expected in zip(task.networks[name].get_weights(), saved, strict=True):
            assert np.array_equal(found, expected)


@pytest.mark.parametrize("name", ["dcgan-fashion-0001", "classifier-fashion-0001"])
def test_each_network_has_its_own_weights(name: str, out: Path) -> None:
    files = {path.stem: path for path in (out / name / "model").glob("*.safetensors")}
    task, options = begun(out / name)
    assert_holds(task, files)
    assert options.origin == {
        "run": str(out / name),
        "networks": {stem: read_header(path)["sha256"] for stem, path in files.items()},
    }


@pytest.mark.parametrize(
    ("kept", "ema_decay", "taken"),
    [
        (["generator", "generator_raw"], 0.0, ["generator_raw"]),
        (["generator"], 0.9, ["generator", "generator"]),
        (["generator-best"], 0.9, ["generator-best", "generator-best"]),
        (["generator-best", "generator_raw"], 0.9, ["generator-best", "generator_raw"]),
    ],
)
def test_generators_stand_for_one_another(
    kept: list[str], ema_decay: float, taken: list[str], out: Path, tmp_path: Path
) -> None:
    """Of a run without average, or with its best generator only; the new one may have none."""
    before = out / "dcgan-fashion-0001"
    (tmp_path / "model").mkdir()
    for file in ("run.json", "config.yaml", "model/discriminator.safetensors"):
        shutil.copy(before / file, tmp_path / file)
    for name in kept:
        of = before / "model" / f"{name.removesuffix('-best')}.safetensors"
        shutil.copy(of, tmp_path / "model" / f"{name}.safetensors")
    task, _ = begun(tmp_path, ema_decay=ema_decay)
    names = dict(zip(("generator", "generator_raw"), taken, strict=False))
    files = names | {"discriminator": "discriminator"}
    assert_holds(task, {n: tmp_path / "model" / f"{f}.safetensors" for n, f in files.items()})


def test_a_run_says_where_it_began_and_can_be_repeated(out: Path, tmp_path: Path) -> None:
    """Its first checkpoint has the weights; a run of the same configuration has others."""
    options: list[str | Path] = [*CLASSIFIER, "--seed=5", "--out", tmp_path]
    result = convgan("train-classifier", *options, "--init-from", out / "classifier-fashion-0001")
    assert result.exit_code == 0, result.output
    assert "it begins with the weights of" in result.stdout
    run = Run.open(tmp_path / "classifier-fashion-0001")
    path = out / "classifier-fashion-0001/model/classifier.safetensors"
    assert run.manifest["init_from"] == {
        "run": str(out / "classifier-fashion-0001"),
        "networks": {"classifier": read_header(path)["sha256"]},
    }
    text = done("runs", "rerun", run.folder, "--out", tmp_path)
    assert "the same" in text
    assert "others" not in text
    assert "init_from.run" in done("runs", "diff", run.folder, out / "classifier-fashion-0001")
    assert str(out / "classifier-fashion-0001") in (run.folder / "report.html").read_text()

    shutil.rmtree(run.folder / "checkpoints")  # as if killed before the first
    said = refused(2, "train-classifier", "--resume", run.folder)
    assert "start it anew, with --init-from" in said


def test_what_is_refused(out: Path, tmp_path: Path) -> None:
    source = out / "classifier-fashion-0001"
    gan = out / "dcgan-fashion-0001"
    options: list[str | Path] = ["--out", tmp_path, "--init-from"]
    said = refused(2, "train-classifier", "--resume", source, "--init-from", source)
    assert "got --init-from with --resume" in said
    assert "expected a classifier run" in refused(2, "train-classifier", *options, gan)
    said = refused(
        2, "train-classifier", *CLASSIFIER, "--set=model.blocks.1.filters=5", *options, source
    )
    assert "classifier/006/block2_conv/kernel: (5, 5, 4, 4) there, (5, 5, 4, 5) here" in said
    assert "classifier/000" not in said
    other = f"--set=generator={GENERATOR}"
    said = refused(2, "train-dcgan", *TINY_DCGAN[:5], other, *options, gan, "--dry-run")
    lines = [line for line in said.splitlines() if line.startswith("  generator/")]
    assert len(lines) == 10
    assert " there, None here" in said
    assert re.search(r"of which \d\d weights differ", said)
    empty = tmp_path / "classifier-0001"
    empty.mkdir()
    shutil.copy(source / "run.json", empty)
    said = refused(2, "train-classifier", *CLASSIFIER, *options, empty)
    assert "the run has not finished its first epoch" in said
    assert list(tmp_path.iterdir()) == [empty]
