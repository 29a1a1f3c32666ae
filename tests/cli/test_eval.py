"""`eval` of one run."""

from __future__ import annotations

import json
import shutil
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
from matplotlib.figure import Figure

from convgan.config import DataConfig
from convgan.data import hold_out, load_dataset
from convgan.evaluation.evaluator import bundled_card
from convgan.models.network_file import read_network

from .commands import FEW, TINY_CLASSIFIER, done, refused


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
    assert "<h2>Mistakes</h2>" in (run / "report.html").read_text()


def test_a_classifier_can_be_judged_on_mirror_images_too(tmp_path: Path) -> None:
    changes = ["--set=train.evaluate_views=[mirrored]", "--set=data.validation=0.2", "--epochs=1"]
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
    assert "1,000 images and mirrored ones" in text
    run = tmp_path / "classifier-fashion-0001"
    numbers = json.loads((run / "eval/classifier.json").read_text())
    network = read_network(run / "model/classifier.safetensors").network
    dataset = load_dataset(DataConfig(name="fashion-mnist", source="sample", limit=200))
    _, held_out = hold_out(dataset.train, 40, 0)
    last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    for pictures, loss, temperature in (
        (dataset.test, numbers["loss"], 1.0),
        (held_out, last["val_loss"], 1.0),
        (held_out, last["val_calibrated_loss"], last["temperature"]),
    ):
        x = pictures.images / 127.5 - 1
        logits = (network(x) + network(x[:, :, ::-1])) / 2
        losses = keras.losses.sparse_categorical_crossentropy(
            pictures.labels, logits / temperature, from_logits=True
        )
        assert loss == pytest.approx(float(np.mean(losses)), rel=1e-4)


class Evaluation(NamedTuple):
    """What an `eval` printed and wrote, and the names of the lines that it drew."""

    text: str
    numbers: dict[str, Any]
    drawn: list[str]


@pytest.fixture(scope="module")
def evaluation(out: Path) -> Evaluation:
    """Of the tiny DCGAN, with all that eval can add."""
    drawn: list[str] = []
    save = Figure.savefig

    def spy(figure: Figure, *args: Any, **kwargs: Any) -> None:
        drawn.extend(str(line.get_label()) for axes in figure.axes for line in axes.lines)
        save(figure, *args, **kwargs)

    options = ["--extrapolate", "--all-checkpoints", "--samples=400", "--labels=20"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", spy)
        text = done("eval", "dcgan-fashion-0001", "--out", out, *options)
    written = out / "dcgan-fashion-0001/eval/generator.json"
    return Evaluation(text, json.loads(written.read_text()), drawn)


@pytest.fixture
def judged(evaluation: Evaluation) -> dict[str, Any]:
    return evaluation.numbers


def test_eval_of_a_dcgan_says_how_each_number_was_made(judged: dict[str, Any]) -> None:
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
    run = out / "dcgan-fashion-0001"
    page = (run / "report.html").read_text()
    for name in ("classes", "samples", "nearest", "frechet"):
        assert (run / f"eval/{name}.png").is_file()
    assert page.count("<img ") == 2 + 3  # of the film, and all of these but the classes
    unexplained = {name for name, result in measured.items() if not result["meaning"]}
    assert unexplained <= {"total_variance"}  # of an extension, where its tests ran before
    assert escape(judged["metrics"][0]["meaning"]) in page


def test_eval_prints_the_numbers_beside_those_of_real_images(evaluation: Evaluation) -> None:
    text = evaluation.text
    lines = text[text.index("400 images of the last") :].splitlines()
    assert lines[0].startswith("400 images of the last generator (epoch 2) against 1,000 test")
    assert lines[1].split()[-4:] == ["±", "real", "images", "better"]
    recall = next(line.split() for line in lines if line.startswith("  recall"))
    assert float(recall[1]) < float(recall[2])
    assert recall[3] == "higher"


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


def test_no_checkpoint_is_called_the_best_by_the_test_set(evaluation: Evaluation) -> None:
    assert evaluation.drawn
    assert not [label for label in evaluation.drawn if "best" in label]
    assert "best" not in evaluation.text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--samples=128"], "needs more than 128 images"),
        (["--samples=1"], "needs more than 128 images"),
        (["--samples=-5"], "Invalid value for '--samples'"),
        (["--which=best"], "kept no best generator"),
        (["--labels=65"], "--labels 65 are too many: there are 64"),
    ],
)
def test_eval_refuses_what_it_cannot_do(out: Path, options: list[str], said: str) -> None:
    assert said in refused(2, "eval", "dcgan-fashion-0001", "--out", out, *options)


def test_eval_without_the_networks_says_so(out: Path, tmp_path: Path) -> None:
    broken = tmp_path / "dcgan-fashion-0001"
    shutil.copytree(out / "dcgan-fashion-0001", broken)
    network = broken / "model/generator.safetensors"
    network.write_bytes(network.read_bytes()[:-4])
    assert "generator.safetensors is damaged" in refused(2, "eval", broken, FEW)
    network.unlink()
    assert "is missing" in refused(2, "eval", broken, FEW)
