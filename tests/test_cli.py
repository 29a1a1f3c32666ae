"""Every command through Typer's runner, on the bundled sample."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import keras
import numpy as np
import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner, Result

from convgan.cli import app
from convgan.config import DataConfig, load_config, presets
from convgan.data import hold_out, load_dataset
from convgan.evaluation import (
    METRICS,
    Evaluator,
    Evidence,
    MetricResult,
    bundled_card,
    load_network,
    metric,
)
from convgan.registry import DATASETS
from convgan.runs import Run

from .data.making import picture
from .extensions import rings_dataset

TINY_CLASSIFIER = [
    "--set=data.source=sample",
    "--set=data.limit=200",
    "--set=train.batch_size=20",
    "--set=model.blocks.0.filters=4",
    "--set=model.blocks.1.filters=4",
    "--set=model.flatten=average",
    "--epochs=2",
]
TINY_DCGAN = [
    "--set=data.source=sample",
    "--set=data.limit=64",
    "--set=data.validation=0",
    "--set=train.evaluate_every=0",
    "--set=train.batch_size=16",
    "--set=generator.projection.filters=4",
    "--set=generator.blocks.0.filters=4",
    "--set=discriminator.blocks.0.filters=4",
    "--set=discriminator.blocks.1.filters=4",
    "--epochs=2",
]


def convgan(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


def done(*args: str | Path) -> str:
    result = convgan(*args)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(code: int, *args: str | Path) -> str:
    result = convgan(*args)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.stderr


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one tiny run of each network, both on Fashion-MNIST's sample."""
    folder = tmp_path_factory.mktemp("outputs")
    done("train-classifier", "-c", "classifier-fashion", *TINY_CLASSIFIER, "--out", folder)
    done("train-dcgan", *TINY_DCGAN, "--out", folder)
    return folder


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
        "model/generator.keras",
        "model/generator_raw.keras",
        "model/discriminator.keras",
    ):
        assert (run.folder / name).stat().st_size > 0, name
    assert list((run.folder / "checkpoints").glob("step-*.npz"))
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


def test_the_saved_configuration_repeats_the_run_to_the_bit(out: Path, tmp_path: Path) -> None:
    first = out / "dcgan-fashion-0001"
    done("train-dcgan", "--config", first / "config.yaml", "--out", tmp_path)
    second = tmp_path / "dcgan-fashion-0001"
    name = "samples/epoch-0002.png"
    assert (first / name).read_bytes() == (second / name).read_bytes()
    done("train-dcgan", "-c", first / "config.yaml", "--out", tmp_path, "--seed", "1")
    other = tmp_path / "dcgan-fashion-0002"
    assert (first / name).read_bytes() != (other / name).read_bytes()


def test_eval_of_a_classifier_prints_a_table_and_writes_json(out: Path) -> None:
    text = done("eval", "classifier-fashion", "--out", out)
    assert "accuracy" in text
    assert "Ankle boot" in text
    run = out / "classifier-fashion-0001"
    numbers = json.loads((run / "eval/classifier.json").read_text())
    assert numbers["count"] == 1000
    assert sum(map(sum, numbers["confusion_matrix"])) == 1000
    assert (run / "eval/confusion_matrix.png").is_file()
    assert (run / "eval/mistakes.png").is_file()
    assert "eval/mistakes.png" in (run / "report.html").read_text()


def test_a_classifier_can_be_judged_on_mirror_images_too(tmp_path: Path) -> None:
    changes = ["--set=train.evaluate_mirrored=true", "--set=data.validation=0.2", "--epochs=1"]
    done(
        "train-classifier",
        "-c",
        "classifier-fashion",
        *TINY_CLASSIFIER,
        *changes,
        "--out",
        tmp_path,
    )
    text = done("eval", "classifier-fashion", "--out", tmp_path)
    assert "1,000 images and mirror images" in text
    run = tmp_path / "classifier-fashion-0001"
    numbers = json.loads((run / "eval/classifier.json").read_text())
    network = load_network(run / "model/classifier.keras")
    dataset = load_dataset(DataConfig(name="fashion-mnist", source="sample", limit=200))
    _, held_out = hold_out(dataset.train, 40, 0)
    *_, last = (run / "metrics.jsonl").read_text().splitlines()
    for pictures, loss in (
        (dataset.test, numbers["loss"]),
        (held_out, json.loads(last)["val_loss"]),
    ):
        x = pictures.images / 127.5 - 1
        logits = (network(x) + network(x[:, :, ::-1])) / 2
        losses = keras.losses.sparse_categorical_crossentropy(
            pictures.labels, logits, from_logits=True
        )
        assert loss == pytest.approx(float(np.mean(losses)), rel=1e-4)


FEW = "--samples=300"


@pytest.fixture(scope="module")
def judged(out: Path) -> dict[str, Any]:
    """The numbers of the tiny DCGAN, with all that eval can add."""
    options = ["--extrapolate", "--all-checkpoints", "--samples=400", "--labels=20", "--json"]
    numbers: dict[str, Any] = json.loads(done("eval", "dcgan-fashion-0001", "--out", out, *options))
    return numbers


def test_eval_of_a_dcgan_says_how_each_number_was_made(out: Path, judged: dict[str, Any]) -> None:
    card = bundled_card("fashion-mnist")
    assert card is not None
    protocol = judged["protocol"]
    assert protocol["evaluator"] == "convgan-fashion-mnist"
    assert protocol["evaluator_sha256"] == card["sha256"]
    assert protocol["feature_dimension"] == card["features"]
    assert (protocol["generated"], protocol["test"], protocol["reference"]) == (400, 1000, 64)
    assert protocol["svm_labels"] == 20
    assert judged["checkpoint"] == {"which": "last", "epoch": 2, "step": 8}
    assert judged["provenance"]["data"]["origin"].startswith("bundled sample")
    assert judged["provenance"]["versions"]["tensorflow"]
    assert judged == json.loads((out / "dcgan-fashion-0001/eval/generator.json").read_text())


def test_eval_of_a_dcgan_measures_everything(out: Path, judged: dict[str, Any]) -> None:
    measured = {result["name"]: result for result in judged["metrics"]}
    assert measured["frechet"]["reference"] is None  # 64 training images, 128 features
    assert measured["frechet"]["value"] > 5
    assert measured["frechet"]["standard_error"] > 0
    assert measured["kernel_distance"]["value"] > 5 * measured["kernel_distance"]["reference"]
    assert measured["recall"]["value"] < measured["recall"]["reference"]
    assert measured["frechet_extrapolated"]["direction"] == "lower"
    assert sum(judged["classes"]["generated"].values()) == pytest.approx(1)
    assert judged["classes"]["missing"]  # two epochs of four steps
    assert "Mode collapse" in judged["verdict"]
    assert measured["memorised_fraction"]["details"]["training"] == 64
    assert set(judged["discriminator"]) == {"trained", "untrained", "pixels"}
    assert [point["step"] for point in judged["checkpoints"]] == [4, 8]
    assert [finding["name"] for finding in judged["findings"]] == ["classes_missing"]
    for name in ("classes", "samples", "nearest", "frechet"):
        picture = f"eval/{name}.png"
        assert (out / "dcgan-fashion-0001" / picture).is_file()
        assert picture in (out / "dcgan-fashion-0001/report.html").read_text()


def test_eval_prints_the_numbers_beside_those_of_real_images(out: Path) -> None:
    text = done("eval", "dcgan-fashion-0001", "--out", out, FEW)
    lines = text[text.index("300 images of the last") :].splitlines()
    assert lines[0].startswith("300 images of the last generator (epoch 2) against 1,000 test")
    assert lines[1].split()[-4:] == ["±", "real", "images", "better"]
    recall = next(line.split() for line in lines if line.startswith("  recall"))
    assert float(recall[1]) < float(recall[2])
    assert recall[3] == "higher"


def test_eval_with_a_classifier_run(out: Path) -> None:
    judge = ["--evaluator", "classifier-fashion"]
    numbers = json.loads(done("eval", "dcgan-fashion-0001", *judge, FEW, "--json", "--out", out))
    assert numbers["protocol"]["evaluator"] == "classifier-fashion-0001"
    assert 0 < numbers["evaluator_accuracy"] < 1
    said = refused(
        2, "eval", "dcgan-fashion", "--out", out, "--evaluator", out / "dcgan-fashion-0001"
    )
    assert "expected a classifier run" in said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("name: fashion-mnist", "name: mnist", "was trained on mnist, not on fashion-mnist"),
        ("image_size: null", "image_size: 32", "takes images of another size"),
    ],
)
def test_eval_refuses_an_evaluator_of_other_pictures(
    out: Path, tmp_path: Path, before: str, after: str, said: str
) -> None:
    judge = tmp_path / "classifier-fashion-0001"
    shutil.copytree(out / "classifier-fashion-0001", judge)
    text = (judge / "config.yaml").read_text()
    assert before in text
    (judge / "config.yaml").write_text(text.replace(before, after))
    message = refused(2, "eval", out / "dcgan-fashion-0001", "--evaluator", judge, FEW)
    assert said in message
    assert "Train one with: convgan train-classifier --config evaluator-fashion" in message


def test_eval_compares_runs_and_marks_the_best(out: Path, tmp_path: Path) -> None:
    done("train-dcgan", *TINY_DCGAN, "--out", tmp_path, "--seed=1")
    runs = [out / "dcgan-fashion-0001", tmp_path / "dcgan-fashion-0001"]
    text = done("eval", *runs, FEW, "--out", out)
    rows = [line for line in text.splitlines() if line.startswith("  recall")]
    assert rows[0].count("*") in {1, 2}  # of equal values both are the best
    both = json.loads(done("eval", *runs, FEW, "--json", "--out", out))
    assert [numbers["protocol"]["generated"] for numbers in both] == [300, 300]


def test_a_metric_of_an_extension_is_everywhere(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    METRICS.names()
    monkeypatch.setattr(METRICS, "_entries", dict(METRICS._entries))

    @METRICS.add("largest")
    @metric(protocol={"of": "features"})
    def largest(evidence: Evidence) -> Iterator[MetricResult]:
        value = float(evidence.generated.features.max())
        yield MetricResult(name="largest", title="largest feature", value=value, direction="lower")

    run = out / "dcgan-fashion-0001"
    text = done("eval", run, FEW, "--out", out)
    (row,) = [line.split() for line in text.splitlines() if line.startswith("  largest feature")]
    assert row[-1] == "lower"
    assert float(row[2]) > 0 < float(row[3])  # the number, and that of real images
    written = json.loads((run / "eval/generator.json").read_text())
    assert written["metrics"][-1]["name"] == "largest"
    assert written["protocol"]["metrics"]["largest.of"] == "features"
    assert "largest feature" in (run / "report.html").read_text()
    assert "largest feature" in done("eval", run, run, FEW, "--out", out)  # the comparison


def test_eval_refuses_to_compare_what_does_not_compare(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is computed: no evaluator gets to see an image."""
    changes = [change for change in TINY_DCGAN if "limit" not in change]
    done("train-dcgan", *changes, "--set=data.limit=80", "--out", tmp_path)
    same = tmp_path / "same"
    shutil.copytree(out / "dcgan-fashion-0001", same)
    monkeypatch.setattr(Evaluator, "predict", None)
    runs = [out / "dcgan-fashion-0001", tmp_path / "dcgan-fashion-0001"]
    said = refused(2, "eval", *runs, FEW, "--out", out)
    assert "not measured by one protocol" in said
    assert "train count: 64 and 80" in said
    said = refused(2, "eval", out / "dcgan-fashion-0001", out / "classifier-fashion-0001")
    assert "classifier-fashion-0001 is a classifier" in said
    # The same images by another name get another evaluator.
    text = (same / "config.yaml").read_text()
    (same / "config.yaml").write_text(text.replace("name: fashion-mnist", "name: mnist"))
    manifest = (same / "run.json").read_text()
    train, test = json.loads(manifest)["data"]["train"], json.loads(manifest)["data"]["test"]
    other = load_dataset(DataConfig(name="mnist", source="sample", limit=64))
    for old, new in ((train, other.train), (test, other.test)):
        manifest = manifest.replace(old["sha256"], new.fingerprint)
    (same / "run.json").write_text(manifest)
    said = refused(2, "eval", out / "dcgan-fashion-0001", same, FEW)
    assert "train sha256" in said


@pytest.mark.parametrize(
    "option",
    [
        "--samples=10000",
        "--which=best",
        "--labels=10000",
        "--extrapolate",
        "--evaluator=classifier-fashion",
        "--all-checkpoints",
    ],
)
def test_eval_refuses_what_only_a_generator_has(out: Path, option: str) -> None:
    said = refused(2, "eval", "classifier-fashion", "--out", out, option)
    assert f"{option.partition('=')[0]}: only for generators" in said


def test_the_second_eval_gives_the_same_numbers_without_looking_at_real_images(
    out: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    seen: list[int] = []
    predict = Evaluator.predict

    def spy(self: Evaluator, images: Any) -> Any:
        seen.append(len(images))
        return predict(self, images)

    monkeypatch.setattr(Evaluator, "predict", spy)
    path = out / "dcgan-fashion-0001/eval/generator.json"
    written = []
    for _ in range(2):
        done("eval", "dcgan-fashion-0001", "--out", out, FEW)
        lines = path.read_text().splitlines()
        written.append([line for line in lines if '"made"' not in line])
    assert written[0] == written[1]
    assert seen == [64, 1000, 300, 300]


def test_no_checkpoint_is_called_the_best_by_the_test_set(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named: list[list[str]] = []

    def spy(figure: Figure, *args: Any, **kwargs: Any) -> None:
        texts = [str(line.get_label()) for axes in figure.axes for line in axes.lines]
        named.append(texts)

    monkeypatch.setattr(Figure, "savefig", spy)
    text = convgan("eval", "dcgan-fashion-0001", "--out", out, FEW, "--all-checkpoints").stdout
    assert named
    assert not [label for labels in named for label in labels if "best" in label]
    assert "best" not in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--samples=128"], "needs more than 128 images"),
        (["--which=best"], "kept no best generator"),
        (["--labels=65"], "65"),
    ],
)
def test_eval_refuses_what_it_cannot_do(out: Path, options: list[str], said: str) -> None:
    assert said in refused(2, "eval", "dcgan-fashion-0001", "--out", out, *options)


def test_eval_without_the_networks_says_so(out: Path, tmp_path: Path) -> None:
    broken = tmp_path / "dcgan-fashion-0001"
    shutil.copytree(out / "dcgan-fashion-0001", broken)
    (broken / "model/generator.keras").write_bytes(b"PK")
    assert "cannot be read as a Keras model" in refused(2, "eval", broken, FEW)
    (broken / "model/generator.keras").unlink()
    assert "is missing" in refused(2, "eval", broken, FEW)


def test_training_measures_and_keeps_the_best(tmp_path: Path) -> None:
    """With enough pictures for the bundled network's features."""
    sizes = [change for change in TINY_DCGAN if "limit" not in change]
    more = ["--set=data.limit=600", "--set=data.validation=0.5", "--set=train.evaluate_samples=150"]
    each = ["--set=train.evaluate_every=1", "--set=train.keep_checkpoints=1"]
    done("train-dcgan", *sizes, *more, *each, "--out", tmp_path)
    run = Run.open(tmp_path / "dcgan-fashion-0001")
    epochs = [record for record in run.records() if "end_of_epoch" in record]
    distances = [record["val_frechet"] for record in epochs]
    assert len(distances) == 2
    assert run.manifest["best"]["val_frechet"] == min(distances)
    assert "frechet.png" in (run.folder / "report.html").read_text()
    kept = {int(path.stem[5:]) for path in (run.folder / "checkpoints").iterdir()}
    assert kept == {run.manifest["best"]["step"], 37}
    numbers = json.loads(done("eval", run.folder, FEW, "--json"))
    assert numbers["checkpoint"]["which"] == "best"
    assert numbers["checkpoint"]["step"] == run.manifest["best"]["step"]
    last = json.loads(done("eval", run.folder, FEW, "--json", "--which=last"))
    assert last["checkpoint"] == {"which": "last", "epoch": 2, "step": 37}


def test_training_warns_where_it_cannot_measure(tmp_path: Path) -> None:
    each = "--set=train.evaluate_every=1"
    held_out = "--set=data.validation=0.1"
    result = convgan("train-dcgan", *TINY_DCGAN, each, held_out, "--dry-run")
    assert result.exit_code == 0
    assert "no Fréchet distance during training" in result.stderr
    said = refused(2, "train-dcgan", *TINY_DCGAN, each)
    assert "set it to 0.05" in said
    judge = f"--set=train.evaluator={tmp_path}"
    said = refused(2, "train-dcgan", *TINY_DCGAN, each, held_out, judge)
    assert "no classifier run" in said


def test_make_gif_takes_the_frames_that_the_manifest_names(out: Path, tmp_path: Path) -> None:
    run = out / "dcgan-fashion-0001"
    iio.imwrite(run / "samples/epoch-0003.png", iio.imread(run / "samples/epoch-0001.png"))
    target = tmp_path / "film.gif"
    assert str(target) in done("make-gif", "--out", out, "--output", target, "--fps", "8")
    assert len(iio.imread(target)) == 2
    done("make-gif", run, "--output", target, "--last", "1", "--scale", "2")
    assert iio.imread(target).shape[0] == 1
    assert "film.xyz" in refused(2, "make-gif", run, "--output", tmp_path / "film.xyz")


def test_resume_goes_on_and_ends_as_if_never_stopped(tmp_path: Path) -> None:
    # A constant rate: a falling one depends on the number of epochs that was asked for.
    constant: list[str | Path] = [*TINY_DCGAN, "--set=train.schedule=constant", "--out", tmp_path]
    done("train-dcgan", *constant, "--name", "whole")
    done("train-dcgan", *constant, "--epochs", "1")
    text = done("train-dcgan", "--resume", "--epochs", "2", "--out", tmp_path)
    assert "after step 4" in text
    resumed, whole = tmp_path / "dcgan-fashion-0001", tmp_path / "whole-0001"
    name = "samples/epoch-0002.png"
    assert (resumed / name).read_bytes() == (whole / name).read_bytes()
    steps = [record["step"] for record in Run.open(resumed).records()]
    assert steps == [4, 4, 8, 8]
    said = refused(2, "train-dcgan", "--resume", "--out", tmp_path, "--set=train.batch_size=2")
    assert "train.batch_size: 16 before, 2 now" in said


def test_the_best_epoch_by_validation_is_kept(out: Path) -> None:
    run = Run.open(out / "classifier-fashion-0001")
    epochs = [record for record in run.records() if "val_accuracy" in record]
    best = max(epochs, key=lambda record: record["val_accuracy"])
    assert run.manifest["results"]["val_accuracy"] == best["val_accuracy"]
    network = keras.models.load_model(run.folder / "model/classifier.keras", compile=False)
    assert network.output_shape == (None, 10)


def test_inspect_prints_the_layers_of_the_article(tmp_path: Path) -> None:
    text = done("inspect", "dcgan-fashion-article", "--set", "data.source=sample")
    for number in ("840,705", "840,321", "384", "212,865", "7×7×128", "14×14×64", "28×28×1"):
        assert number in text
    assert max(map(len, text.splitlines())) <= 80
    assert "93,322" in done("inspect", "classifier-mnist-article", "--set", "data.source=sample")


def test_inspect_data_counts_and_draws(tmp_path: Path) -> None:
    text = done(
        "inspect", "dcgan-fashion", "--set=data.source=sample", "--pictures", "--out", tmp_path
    )
    for part in ("Ankle boot", "4,000 training, 1,000 test", "28 x 28 x 1", "0 to 255"):
        assert part in text
    assert (tmp_path / "fashion-mnist.png").is_file()


@pytest.mark.parametrize("name", ["mnist", "rings"])
def test_inspect_takes_the_name_of_a_data_set(tmp_path: Path, name: str) -> None:
    assert rings_dataset.__doc__
    text = done("inspect", name, "--set=data.source=sample", "--out", tmp_path)
    entry = DATASETS[name]
    assert entry.counts is not None
    assert "(in full {:,} and {:,})".format(*entry.counts) in text
    for part in (f"{name}: ", "0 to 2", entry.licence, entry.origin, *entry.class_names):
        assert part in text
    assert (tmp_path / f"{name}.png").is_file()


def test_inspect_takes_a_folder_of_pictures(tmp_path: Path) -> None:
    for index in range(12):
        picture(tmp_path / "own" / "ab"[index % 2] / f"{index}.png", index)
    text = done("inspect", tmp_path / "own", "--set=data.channels=3", "--out", tmp_path)
    for part in ("10 training, 2 test\n", "8 x 8 x 3", "0 to 11", "a         5     1"):
        assert part in text
    assert (tmp_path / "folder.png").is_file()


def test_inspect_refuses_what_could_be_two_things(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("dcgan-mnist", "mnist"):
        for index in range(2):
            picture(tmp_path / name / f"{index}.png", index)
    said = refused(2, "inspect", "dcgan-mnist")
    assert f"a preset ({presets()['dcgan-mnist']}) and a path (./dcgan-mnist)" in said
    assert "a data set (--set data.name=mnist --pictures)" in refused(2, "inspect", "mnist")
    assert "1 training, 1 test" in done("inspect", "./mnist")
    assert "1 training, 1 test" in done("inspect", "folder", "--set=data.folder=mnist")
    sets = ("--set=data.name=mnist", "--set=data.source=sample")
    assert "4,000 training" in done("inspect", "classifier-mnist", *sets, "--pictures")
    assert "multiply-adds" in done("inspect", presets()["classifier-mnist"], *sets)


def test_a_dry_run_keeps_nothing(tmp_path: Path) -> None:
    target = tmp_path / "outputs"
    text = done("train-classifier", *TINY_CLASSIFIER, "--dry-run", "--out", target)
    assert "nothing was kept" in text
    assert not target.exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["train-dcgan", "-c", "dcgan-fashon"], "did you mean dcgan-fashion?"),
        (["train-dcgan", "-c", "nowhere.yaml"], "no configuration file at nowhere.yaml"),
        (["train-dcgan", "-c", "classifier-mnist"], "is for convgan train-classifier"),
        (["train-dcgan", "--set", "train.epoch=3"], "did you mean 'epochs'"),
        (["train-dcgan", "--epochs", "0"], "greater than or equal to 1"),
        (["train-dcgan", "mine.yaml"], "--config mine.yaml"),
        (
            ["train-dcgan", "--set=data.source=sample", "--set=generator.output.stride=3"],
            "expected the data's 28×28",
        ),
        (["train-dcgan", "--set=data.source=sample", "--device", "gpu:7"], "--device gpu:7"),
        (["train-dcgan", "--set=data.source=sample", "--device", "tpu"], "expected auto, cpu"),
        (["train-classifier", "--set=data.folder=nowhere"], "nowhere"),
        (["eval", "--out", "nowhere"], "there is no run in nowhere"),
        (["make-gif", "nothing", "--out", "nowhere"], "no dcgan run 'nothing'"),
        (["inspect", "dcgan-fashon"], "did you mean dcgan-fashion?"),
        (["inspect", "fashon-mnist"], "did you mean fashion-mnist?"),
        (["inspect", "nowhere/"], "expected one of"),
        (["inspect", "folder"], "needs data.folder"),
        (["bench", "dcgan-fashon"], "did you mean"),
        (
            [
                "train-classifier",
                "--config=classifier-mnist-article",
                "--set=data.source=sample",
                "--set=model.blocks.0.stride=8",
            ],
            "model.blocks.1: max pool",
        ),
    ],
)
def test_a_mistake_ends_with_code_2_and_a_hint(args: list[str], said: str) -> None:
    assert said in refused(2, *args)


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03\0\0\0\x05\0\0\0\x1c")
    said = refused(2, "inspect", "classifier-mnist", "--pictures", f"--set=data.folder={tmp_path}")
    assert "train-images-idx3-ubyte" in said or "expected" in said


def test_debug_lets_the_error_through() -> None:
    result = convgan("train-dcgan", "-c", "nowhere.yaml", "--debug")
    assert result.exception is not None
    assert not isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    "name", ["", *["train-classifier", "train-dcgan", "make-gif", "eval", "inspect"]]
)
def test_help_shows_an_example_and_imports_no_tensorflow(name: str) -> None:
    code = (
        "import sys; from convgan.cli import app\n"
        "try: app(sys.argv[1:])\n"
        "finally: assert not {'tensorflow', 'keras', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *([name] if name else []), "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"COLUMNS": "80"},
    )
    assert "convgan train" in done.stdout if not name else f"Example: convgan {name}" in done.stdout
    assert done.stderr == ""


def test_the_help_shows_the_sentence_of_each_command_whole() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "convgan", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"COLUMNS": "80"},
    )
    assert done.stdout.startswith("Usage: convgan [OPTIONS]")
    assert "..." not in done.stdout.partition("Commands:")[2]
    assert max(map(len, done.stdout.splitlines())) <= 80
    for command in app.registered_commands:
        assert command.callback is not None
        sentence = (inspect.getdoc(command.callback) or "").partition("\n")[0]
        assert f"  {sentence}\n" in done.stdout


def test_the_version_is_told() -> None:
    assert done("--version").startswith("convgan 0.")


@pytest.mark.parametrize("name", sorted(presets().keys() - {"dcgan-64"}))
def test_every_preset_makes_a_step(name: str, tmp_path: Path) -> None:
    task = load_config(name).task
    text = done(
        f"train-{task}", "-c", name, "--set=data.source=sample", "--set=data.limit=64",
        "--dry-run", "--out", tmp_path,
    )  # fmt: skip
    assert "dry run: one step on 4 pictures" in text


def test_the_papers_network_makes_a_step(tmp_path: Path) -> None:
    text = done(
        "train-dcgan", "-c", "dcgan-64", "--set=data.source=sample", "--set=data.limit=16",
        "--set=generator.projection.filters=64", "--set=generator.blocks.0.filters=32",
        "--dry-run", "--out", tmp_path,
    )  # fmt: skip
    assert "d_loss" in text


def test_own_pictures_train_both_networks(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    sample = load_dataset(DataConfig(name="fashion-mnist", source="sample")).train
    for place in range(60):
        name = "ab"[place % 2]
        (pictures / name).mkdir(parents=True, exist_ok=True)
        iio.imwrite(pictures / name / f"{place}.png", sample.images[place, ..., 0])
    own: list[str | Path] = [
        "--set=data.name=folder",
        f"--set=data.folder={pictures}",
        "--out",
        tmp_path / "o",
    ]
    sizes = [change for change in TINY_DCGAN if "data." not in change]
    done("train-dcgan", *sizes, *own)
    sizes = [change for change in TINY_CLASSIFIER if "data." not in change]
    done("train-classifier", *sizes, *own)
    judge = "--evaluator=classifier-mnist"
    numbers = json.loads(
        done("eval", "dcgan-fashion", FEW, judge, "--json", "--out", tmp_path / "o")
    )
    assert set(numbers["classes"]["generated"]) == {"a", "b"}
