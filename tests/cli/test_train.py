"""Training through the command line, on the bundled sample."""

from __future__ import annotations

import json
import re
from pathlib import Path

import imageio.v3 as iio
import keras
import pytest

from convgan.config import DataConfig, load_config
from convgan.data import load_dataset
from convgan.evaluation.generator import choose_generator
from convgan.models.network_file import read_network
from convgan.runs import Run

from .commands import FEW, TINY_DCGAN, convgan, done, refused


def test_a_dcgan_run_leaves_what_the_design_says(out: Path) -> None:
    run = Run.open(out / "dcgan-fashion-0001")
    for name in (
        "config.yaml",
        "metrics.jsonl",
        "curves.png",
        "training.gif",
        "report.html",
        "samples/epoch-0001.png",
        "samples/epoch-0002.png",
        *(
            f"model/{network}.{kind}"
            for network in ("generator", "generator_raw", "discriminator")
            for kind in ("safetensors", "keras")
        ),
    ):
        assert (run.folder / name).stat().st_size > 0, name
    assert list((run.folder / "checkpoints").glob("step-*.safetensors"))
    assert list((run.folder / "events").iterdir())
    assert run.manifest["status"] == "finished"
    assert run.manifest["data"]["origin"].startswith("bundled sample")
    assert len(run.manifest["data"]["train"]["sha256"]) == 64
    assert run.manifest["samples"][1] == {
        "epoch": 2,
        "step": 8,
        "file": "samples/epoch-0002.png",
    }
    assert run.manifest["results"]["epoch"] == 2
    assert not [path for path in run.folder.rglob("*") if path.name.startswith(".")]


@pytest.mark.slow
def test_the_saved_configuration_repeats_the_run_to_the_bit(
    out: Path, other_seed: Path, tmp_path: Path
) -> None:
    first = out / "dcgan-fashion-0001"
    done("train-dcgan", "--config", first / "config.yaml", "--out", tmp_path)
    second = tmp_path / "dcgan-fashion-0001"
    name = "samples/epoch-0002.png"
    assert (first / name).read_bytes() == (second / name).read_bytes()
    assert (first / name).read_bytes() != (other_seed / name).read_bytes()


def test_training_measures_and_keeps_the_best(tmp_path: Path) -> None:
    """With enough pictures for the bundled network's features."""
    sizes = [change for change in TINY_DCGAN if "limit" not in change]
    more = ["--set=data.limit=600", "--set=data.validation=0.5", "--set=train.evaluate_samples=150"]
    each = ["--set=train.evaluate_every=1", "--set=runtime.keep_checkpoints=1"]
    done("train-dcgan", *sizes, *more, *each, "--out", tmp_path)
    run = Run.open(tmp_path / "dcgan-fashion-0001")
    epochs = [record for record in run.records() if "end_of_epoch" in record]
    distances = [record["val_frechet"] for record in epochs]
    assert len(distances) == 2
    assert run.manifest["best"]["val_frechet"] == min(distances)
    assert "val_frechet <output" in (run.folder / "report.html").read_text()
    kept = {int(path.stem[5:]) for path in (run.folder / "checkpoints").iterdir()}
    assert kept == {run.manifest["best"]["step"], 37}
    numbers = json.loads(done("eval", run.folder, FEW, "--json"))
    assert numbers["checkpoint"]["which"] == "best"
    assert numbers["checkpoint"]["step"] == run.manifest["best"]["step"]
    path, last = choose_generator(run, "last")
    assert path.name == "generator.safetensors"
    assert last.model_dump() == {"which": "last", "epoch": 2, "step": 37}


def test_training_warns_where_it_cannot_measure(tmp_path: Path) -> None:
    each = "--set=train.evaluate_every=1"
    held_out = "--set=data.validation=0.1"
    result = convgan("train-dcgan", *TINY_DCGAN, each, held_out, "--dry-run")
    assert result.exit_code == 0
    assert "no Fréchet distance during training" in result.stderr
    said = refused(2, "train-dcgan", *TINY_DCGAN, each)
    assert "set it to 0.05" in said
    other = f"--set=train.evaluator={tmp_path}"
    said = refused(2, "train-dcgan", *TINY_DCGAN, each, held_out, other)
    assert "no classifier run" in said


def test_resume_goes_on_and_ends_as_if_never_stopped(out: Path, tmp_path: Path) -> None:
    done("train-dcgan", *TINY_DCGAN, "--out", tmp_path, "--epochs", "1")
    text = done("train-dcgan", "--resume", "--epochs", "2", "--out", tmp_path)
    assert "after step 4" in text
    resumed, whole = tmp_path / "dcgan-fashion-0001", out / "dcgan-fashion-0001"
    name = "samples/epoch-0002.png"
    assert (resumed / name).read_bytes() == (whole / name).read_bytes()
    steps = [record["step"] for record in Run.open(resumed).records()]
    assert steps == [4, 4, 8, 8]
    said = refused(2, "train-dcgan", "--resume", "--out", tmp_path, "--set=train.batch_size=2")
    assert "train.batch_size: 16 before, 2 now" in said


def test_the_best_epoch_by_validation_is_kept(out: Path) -> None:
    run = Run.open(out / "classifier-fashion-0001")
    epochs = [record for record in run.records() if "val_accuracy" in record]
    best = min(epochs, key=lambda record: record["val_calibrated_loss"])
    assert run.manifest["results"]["epoch"] == best["epoch"]
    network = keras.models.load_model(run.folder / "model/classifier.keras", compile=False)
    saved = read_network(run.folder / "model/classifier.safetensors").network
    for found, expected in zip(network.get_weights(), saved.get_weights(), strict=True):
        assert (found == expected).all()


def test_make_gif_takes_the_frames_that_the_manifest_names(out: Path, tmp_path: Path) -> None:
    run = out / "dcgan-fashion-0001"
    iio.imwrite(run / "samples/epoch-0003.png", iio.imread(run / "samples/epoch-0001.png"))
    target = tmp_path / "film.gif"
    assert str(target) in done("make-gif", "--out", out, "--output", target, "--fps", "8")
    assert len(iio.imread(target)) == 2
    done("make-gif", run, "--output", target, "--last", "1", "--scale", "2")
    assert iio.imread(target).shape[0] == 1
    assert "film.xyz" in refused(2, "make-gif", run, "--output", tmp_path / "film.xyz")


def test_own_pictures_train_both_networks(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    sample = load_dataset(DataConfig(name="fashion-mnist", source="sample")).train
    for index in range(60):
        name = "ab"[index % 2]
        (pictures / name).mkdir(parents=True, exist_ok=True)
        iio.imwrite(pictures / name / f"{index}.png", sample.images[index, ..., 0])
    (pictures / "b" / "bad.png").write_bytes(b"bad")
    skip = "--set=data.skip_bad=true"
    own: list[str | Path] = ["--data", pictures, skip, "--out", tmp_path / "o", "--epochs=1"]
    sizes = [change for change in TINY_DCGAN if "data." not in change]
    done("train-dcgan", "--config=dcgan-fashion", *sizes, *own)
    data = json.loads((tmp_path / "o" / "dcgan-fashion-0001" / "run.json").read_text())["data"]
    assert data["train"]["count"] + data["test"]["count"] == 60
    assert data["left_out"]["count"] == 1
    assert data["left_out"]["first"][0].startswith(f"{pictures / 'b' / 'bad.png'} is no picture")
    text = done("train-classifier", "--set=train.passes=1", "--set=train.batch_size=16", *own)
    assert re.search(r"data.image_size +28 ", text)
    assert re.search(r"The steps will take about \d+ (seconds|minutes) here, in ", text)
    config = load_config(tmp_path / "o" / "pictures-0001" / "config.yaml")
    assert (config.data.folder, config.train.passes) == (pictures, 1)
    assert config.train.precision != "auto"


@pytest.mark.parametrize("name", ["classifier-mnist", "dcgan-mnist"])
def test_a_dry_run_makes_a_step_and_keeps_nothing(name: str, tmp_path: Path) -> None:
    """One preset of each task; the first steps of all are in tests/golden."""
    target = tmp_path / "outputs"
    text = done(
        f"train-{load_config(name).task}", "-c", name, "--set=data.source=sample",
        "--set=data.limit=64", "--dry-run", "--out", target,
    )  # fmt: skip
    assert "dry run: one step on 4 " in text
    assert "nothing was kept" in text
    assert not target.exists()


@pytest.mark.slow
def test_a_film_that_cannot_be_made_does_not_make_a_training_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some thousand epochs its frames are too many to hold in memory."""
    monkeypatch.setattr("convgan.reporting.animation._MAX_FILM", 1000)
    result = convgan("train-dcgan", *TINY_DCGAN, "--epochs=1", "--out", tmp_path)
    assert result.exit_code == 0
    assert "no training.gif: 1 frames" in result.stderr
    run = Run.open(tmp_path / "dcgan-fashion-0001")
    assert run.manifest["status"] == "finished"
    assert (run.folder / "report.html").is_file()
