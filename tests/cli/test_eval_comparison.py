"""`eval` of several runs, with other evaluators, and a second time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from convgan.evaluation.evaluator import Evaluator
from convgan.evaluation.metric import METRICS, Evidence, MetricResult, metric

from .commands import FEW, done, refused


def test_eval_compares_runs_and_says_what_is_better(out: Path, other_seed: Path) -> None:
    runs = [out / "dcgan-fashion-0001", other_seed]
    text = done("eval", *runs, FEW, "--out", out)
    rows = [line for line in text.splitlines() if line.startswith("  recall")]
    assert rows[0].count("*") in {0, 1}  # of equal values none is better
    assert rows[0].split()[-1] == "higher"
    both = [json.loads((run / "eval/generator.json").read_text()) for run in runs]
    assert [numbers["protocol"]["generated"] for numbers in both] == [300, 300]
    assert both[0]["metrics"] != both[1]["metrics"]


def test_a_metric_of_an_extension_is_everywhere(
    out: Path, other_seed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuple(METRICS)
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
    assert "largest feature" in done("eval", run, other_seed, FEW, "--out", out)


def test_eval_refuses_to_compare_what_does_not_compare(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is computed: no evaluator gets to see an image."""
    more, same = tmp_path / "more", tmp_path / "same"
    for copy in (more, same):
        shutil.copytree(out / "dcgan-fashion-0001", copy)
    text = (more / "config.yaml").read_text()
    (more / "config.yaml").write_text(text.replace("limit: 64", "limit: 80"))
    monkeypatch.setattr(Evaluator, "predict", None)
    runs = [out / "dcgan-fashion-0001", more]
    said = refused(2, "eval", *runs, FEW, "--out", out)
    assert "not measured by one protocol" in said
    assert "train: 64 and 80" in said
    said = refused(2, "eval", out / "dcgan-fashion-0001", out / "classifier-fashion-0001")
    assert "classifier-fashion-0001 is a classifier" in said
    text = (same / "config.yaml").read_text()
    (same / "config.yaml").write_text(text.replace("name: fashion-mnist", "name: mnist"))
    said = refused(2, "eval", out / "dcgan-fashion-0001", same, FEW)
    assert "train_sha256" in said
    assert "evaluator: convgan-fashion-mnist and convgan-mnist" in said
    said = refused(2, "eval", out / "dcgan-fashion-0001", "dcgan-fashion", "--out", out, FEW)
    assert "dcgan-fashion-0001 is given twice" in said


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


def test_eval_with_a_classifier_run(out: Path) -> None:
    other = ["--evaluator", "classifier-fashion"]
    numbers = json.loads(done("eval", "dcgan-fashion-0001", *other, FEW, "--json", "--out", out))
    assert numbers == json.loads((out / "dcgan-fashion-0001/eval/generator.json").read_text())
    assert numbers["protocol"]["evaluator"] == "classifier-fashion-0001"
    assert 0 < numbers["evaluator_accuracy"] < 1
    said = refused(
        2, "eval", "dcgan-fashion", "--out", out, "--evaluator", out / "dcgan-fashion-0001"
    )
    assert "expected a classifier run" in said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("name: fashion-mnist", "name: mnist", "was trained on fashion-mnist, not on mnist"),
        (
            "image_size: null",
            "image_size: 32",
            "takes images of (28, 28, 1), these",
        ),
    ],
)
def test_eval_refuses_an_evaluator_of_other_pictures(
    out: Path, tmp_path: Path, before: str, after: str, said: str
) -> None:
    other = tmp_path / "dcgan-fashion-0001"
    shutil.copytree(out / "dcgan-fashion-0001", other)
    text = (other / "config.yaml").read_text()
    assert before in text
    (other / "config.yaml").write_text(text.replace(before, after))
    evaluator = out / "classifier-fashion-0001"
    message = refused(2, "eval", other, "--evaluator", evaluator, FEW)
    assert f"the evaluator {evaluator} {said}" in message
    assert "Train one with: convgan train-classifier --config evaluator-" in message
