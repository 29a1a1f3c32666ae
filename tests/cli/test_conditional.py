"""GANs that are given labels, or clusters in their place, through all commands."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from convgan.callbacks.progress import ProgressBar
from convgan.reporting.images import read_png, save_png
from convgan.runs import Run

from .commands import FEW, TINY_DCGAN, done, refused

LAST = "checkpoints/step-000000008.safetensors"


def has_named_columns(picture: Path, columns: int, rows: int) -> bool:
    """Whether there are letters above each column of images, 28×28 and enlarged thrice."""
    grid = read_png(picture)
    names = grid[: grid.shape[0] - (rows * 86 + 2)]
    assert grid.shape[1] == columns * 86 + 2
    return all(names[:, n * 86 : (n + 1) * 86].min() < 100 for n in range(columns))


def test_a_run_says_its_classes(labelled: Run, out: Path) -> None:
    given = labelled.manifest["classes"]
    assert given["names"][0] == "T-shirt/top"
    assert len(given["names"]) == len(given["fractions"]) == 10
    assert sum(given["fractions"]) == pytest.approx(1)
    assert not (labelled.folder / "clusters.safetensors").exists()
    given = Run.open(out / "dcgan-fashion-0001").manifest["classes"]  # the default's
    assert given["names"] == ["cluster 1", "cluster 2", "cluster 3"]
    assert given["fractions"] == sorted(given["fractions"], reverse=True)


def test_a_grid_has_a_named_column_for_each_class(labelled: Run, out: Path) -> None:
    assert has_named_columns(labelled.folder / "samples/epoch-0002.png", 10, 5)
    assert has_named_columns(out / "dcgan-fashion-0001/samples/epoch-0002.png", 3, 5)


def test_it_is_evaluated_by_the_classes_that_it_was_asked_for(labelled: Run) -> None:
    out = labelled.folder.parent
    found = json.loads(
        done("eval", "--json", FEW, "--labels=20", "--all-checkpoints", "--out", out)
    )
    values = {result["name"]: result for result in found["metrics"]}
    assert values["class_agreement"]["reference"] > 0.8
    assert sum(map(sum, values["class_agreement"]["details"]["confusion_matrix"])) == 300
    assert any("class asked for is ignored" in each["text"] for each in found["findings"])
    last = found["checkpoints"][-1]["frechet"]["value"]
    assert last == pytest.approx(values["frechet"]["value"], rel=1e-4)
    assert has_named_columns(labelled.folder / "eval/samples.png", 10, 10)
    assert (labelled.folder / "eval/asked.png").is_file()
    assert "Classes asked for" in (labelled.folder / "report.html").read_text()


def test_its_networks_are_inspected_from_the_run(labelled: Run) -> None:
    text = done("inspect", labelled.folder / "config.yaml")
    assert text.count("\n  class  ") == 2


@pytest.mark.slow
def test_clusters_are_kept_and_a_resume_changes_no_byte(out: Path, tmp_path: Path) -> None:
    def stop(_bar: ProgressBar, _step: int, _logs: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProgressBar, "on_call_end", stop)
        refused(
            143, "train-dcgan", *TINY_DCGAN, "--set=runtime.steps_per_call=3", "--out", tmp_path
        )
    run = tmp_path / "dcgan-fashion-0001"
    clusters = run / "clusters.safetensors"
    whole = clusters.read_bytes()
    clusters.write_bytes(whole[:-1] + b"\7")
    assert f"{clusters.name} is damaged" in refused(2, "train-dcgan", "--resume", run)
    clusters.unlink()  # then they are found again
    done("train-dcgan", "--resume", run)
    assert clusters.read_bytes() == whole

    other = out / run.name
    found, expected = load_file(run / LAST), load_file(other / LAST)
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    grid = "samples/epoch-0002.png"
    assert (run / grid).read_bytes() == (other / grid).read_bytes()


def test_inspect_shows_what_clusters_hold(tmp_path: Path) -> None:
    changes = ["--set=data.source=sample", "--set=data.limit=64", "--set=conditional=clusters"]
    text = done("inspect", "dcgan-fashion", "--pictures", *changes, "--out", tmp_path)
    table = text.partition("clusters, found without labels")[2]
    assert table.count("cluster ") == 3
    assert np.ptp(read_png(tmp_path / "dcgan-fashion-clusters.png")) == 255


def test_what_conditional_may_be() -> None:
    said = refused(2, "inspect", "dcgan-fashion", "--set=conditional=maybe")
    assert "conditional: Input should be False, True or 'clusters'; got 'maybe'" in said


def test_pictures_without_labels_are_refused_with_what_to_do(tmp_path: Path) -> None:
    for number in range(12):
        image = np.random.default_rng(number).integers(0, 255, (28, 28, 1), np.uint8)
        save_png(tmp_path / f"{number}.png", image)
    own = ["--set=data.name=folder", f"--set=data.folder={tmp_path}", "--set=train.batch_size=2"]
    rest = [*own, "--set=data.validation=0", "--set=train.evaluate_every=0", "--dry-run"]
    said = refused(2, "train-dcgan", *rest, "--set=conditional=true")
    assert "--set conditional=clusters" in " ".join(said.split())
    done("train-dcgan", *rest, "--set=conditional=clusters")
