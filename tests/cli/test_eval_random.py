"""`eval` where no classifier fits: own pictures, with classes and without, and archives."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convgan.config import DataConfig
from convgan.data import load_dataset
from convgan.runs import Run

from .commands import FEW, TINY_DCGAN, done, refused

OWN = [*TINY_DCGAN, "--set=data.name=folder", "--set=data.source=auto", "--set=data.limit=null"]
NETWORK = "random-28x28x1-s0"


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on loose pictures, measured while it trained."""
    folder = tmp_path_factory.mktemp("unlabelled")
    sample = load_dataset(DataConfig(name="fashion-mnist", source="sample")).train
    pictures = folder / "pictures"
    pictures.mkdir()
    for index in range(360):
        Image.fromarray(sample.images[index, ..., 0]).save(pictures / f"{index:03d}.png")
    changes = ["--set=data.validation=0.4", "--set=train.evaluate_every=1", "--epochs=1"]
    changes += ["--set=conditional=false", f"--set=data.folder={pictures}"]
    done("train-dcgan", *OWN, *changes, "--out", folder)
    return Run.open(folder / "dcgan-fashion-0001")


def test_a_run_without_classes_is_measured(unlabelled: Run) -> None:
    assert unlabelled.manifest["best"]["val_frechet"] > 0
    (unlabelled.folder / "eval").mkdir(exist_ok=True)
    (unlabelled.folder / "eval/classes.png").write_bytes(b"of another evaluator")
    text = done("eval", unlabelled.folder, FEW)
    assert f"{NETWORK}, 96 features" in text
    assert "classes" not in text.lower()
    assert "What the discriminator has learned" not in text
    assert "The variety" in text or "variety is missing" in text
    numbers = json.loads((unlabelled.folder / "eval/generator.json").read_text())
    assert numbers["protocol"]["evaluator"] == NETWORK
    assert len(numbers["protocol"]["evaluator_sha256"]) == 64
    assert numbers["protocol"]["svm_labels"] == 0
    assert [numbers[key] for key in ("evaluator_accuracy", "classes", "discriminator")] == [
        None
    ] * 3
    recall = next(each for each in numbers["metrics"] if each["name"] == "recall")
    assert recall["value"] < recall["reference"]
    written = {path.name for path in (unlabelled.folder / "eval").iterdir()}
    assert written == {"generator.json", "samples.png", "nearest.png"}
    page = (unlabelled.folder / "report.html").read_text()
    assert "recall" in page
    assert "<h2>Classes</h2>" not in page
    assert unlabelled.name in done("runs", "--out", unlabelled.folder.parent)


def test_labels_without_classes_are_refused(unlabelled: Run) -> None:
    said = refused(2, "eval", unlabelled.folder, FEW, "--labels=20")
    assert "--labels: " in said
    assert "has no classes" in said


def test_the_random_network_can_be_asked_for_where_a_trained_one_fits(out: Path) -> None:
    run = out / "dcgan-fashion-0001"
    numbers = json.loads(done("eval", run, "--evaluator=random", FEW, "--json"))
    assert numbers["protocol"]["evaluator"] == NETWORK
    assert numbers["protocol"]["svm_labels"] == 64
    assert numbers["classes"] is None
    assert numbers["discriminator"]["trained"]["accuracy"] > 0  # the labels are known all the same


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archives")
    sample = load_dataset(DataConfig(name="fashion-mnist", source="sample"))
    real = sample.test.images
    np.savez(folder / "real.npz", images=real)
    np.savez_compressed(folder / "more.npz", images=sample.train.images[:600, ..., 0])
    noise = np.random.default_rng(0).normal(0, 60, (600, 28, 28, 1))
    noisy = (sample.train.images[:600] + noise).clip(0, 255).astype(np.uint8)
    np.savez(folder / "noisy.npz", images=noisy)
    np.savez(folder / "small.npz", images=real[:, :14, :14])
    return folder


def test_two_archives_are_compared_beside_real_images(archives: Path, tmp_path: Path) -> None:
    kept = sorted(archives.iterdir())
    values = {}
    for name in ("more", "noisy"):
        files = archives / f"{name}.npz", archives / "real.npz"
        numbers = json.loads(done("eval", *files, "--json", "--out", tmp_path))
        protocol = numbers["protocol"]
        assert protocol["evaluator"] == NETWORK
        assert [protocol[key] for key in ("generated", "reference", "test")] == [500] * 3
        values[name] = {each["name"]: each for each in numbers["metrics"]}
    for name in ("frechet", "kernel_distance"):
        more, noisy = (values[key][name] for key in ("more", "noisy"))
        assert more["reference"] == noisy["reference"]
        assert noisy["value"] > 5 * more["value"]
    more = values["more"]
    assert 0.5 < more["frechet"]["value"] / more["frechet"]["reference"] < 2
    assert more["recall"]["value"] == pytest.approx(more["recall"]["reference"], abs=0.1)
    assert sorted(archives.iterdir()) == kept
    assert not list(tmp_path.iterdir())


def test_archives_can_be_measured_by_a_classifier_run(archives: Path, out: Path) -> None:
    files = archives / "more.npz", archives / "real.npz"
    text = done("eval", *files, "--evaluator=classifier-fashion", FEW, "--out", out)
    assert f"300 images of {files[0]} against 500 of {files[1]}; classifier-fashion-0001" in text
    assert "Ankle boot" in text


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["more.npz"], "two npz files: convgan eval generated.npz real.npz"),
        (["more.npz", "real.npz", "noisy.npz"], "two npz files"),
        (["more.npz", "dcgan-fashion"], "two npz files"),
        (["more.npz", "nowhere.npz"], "there is no such file"),
        (["small.npz", "real.npz"], "are (14, 14, 1), those of"),
        (["more.npz", "real.npz", "--which=last"], "--which: only for runs"),
        (["more.npz", "real.npz", "--labels=9"], "--labels: only for runs"),
        (["more.npz", "real.npz", "--all-checkpoints"], "--all-checkpoints: only for runs"),
        (["more.npz", "real.npz", "--evaluator=nothing"], "no classifier run 'nothing'"),
        (
            ["small.npz", "small.npz", "--evaluator=convgan-mnist"],
            "the evaluator convgan-mnist takes images of (28, 28, 1), these are (14, 14, 1)",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(archives: Path, args: list[str], said: str) -> None:
    paths = [str(archives / arg) if arg.endswith(".npz") else arg for arg in args]
    assert said in refused(2, "eval", *paths, "--out", str(archives))


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.zeros((20, 8, 8), np.float32), "is no .npy file of uint8"),
        (np.zeros((20, 8), np.uint8), "images are uint8"),
        (np.zeros((20, 8, 8, 2), np.uint8), "with 1 or 3 channels"),
        (np.zeros((1, 8, 8), np.uint8), "holds no pictures"),
        (np.zeros((6, 8, 8), np.uint8), "Give more images"),
    ],
)
def test_archives_of_another_form_are_refused(
    archives: Path, tmp_path: Path, images: np.ndarray, said: str
) -> None:
    path = tmp_path / "wrong.npz"
    np.savez(path, images=images)
    assert said in refused(2, "eval", path, path)
