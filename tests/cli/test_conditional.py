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
from convgan.reporting import read_png, save_png
from convgan.runs import Run

from .commands import FEW, TINY_DCGAN, done, refused

LAST = "checkpoints/step-000000008.safetensors"
KINDS = {"labels": "--set=conditional=true", "clusters": "--set=conditional=clusters"}


@pytest.fixture(scope="module", params=KINDS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of two epochs, given labels or clusters, that was stopped in the first."""
    out = tmp_path_factory.mktemp(request.param)
    given = [*TINY_DCGAN, KINDS[request.param], "--set=runtime.steps_per_call=3", "--out", out]
    done("train-dcgan", *given, "--name=whole")

    def stop(_bar: ProgressBar, _step: int, _logs: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProgressBar, "on_call_end", stop)
        refused(143, "train-dcgan", *given, "--name=stopped")
    done("train-dcgan", "--resume", "stopped", "--out", out)
    return Run.open(out / "stopped-0001")


def clusters(run: Run) -> Path:
    return run.folder / "clusters.safetensors"


def test_a_stop_and_a_resume_change_no_byte(run: Run) -> None:
    whole = Run.open(run.folder.parent / "whole-0001")
    assert [frame["step"] for frame in run.manifest["samples"]] == [4, 8]
    found, expected = (load_file(each.folder / LAST) for each in (run, whole))
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    grid = "samples/epoch-0002.png"
    assert (run.folder / grid).read_bytes() == (whole.folder / grid).read_bytes()
    assert run.manifest["classes"] == whole.manifest["classes"]


def test_the_run_says_its_classes(run: Run) -> None:
    given = run.manifest["classes"]
    assert sum(given["fractions"]) == pytest.approx(1)
    if given["clusters"]:
        assert given["names"] == ["cluster 1", "cluster 2", "cluster 3"]
        assert given["fractions"] == sorted(given["fractions"], reverse=True)
    else:
        assert given["names"][0] == "T-shirt/top"
        assert len(given["names"]) == 10
    assert clusters(run).is_file() == given["clusters"]


def test_a_grid_has_a_named_column_for_each_class(run: Run) -> None:
    columns = len(run.manifest["classes"]["names"])
    grid = read_png(run.folder / run.manifest["samples"][-1]["file"])
    assert grid.shape[1] == columns * 86 + 2
    assert grid.shape[0] > 5 * 86 + 2
    names = grid[: grid.shape[0] - (5 * 86 + 2)]
    for column in range(columns):
        assert names[:, column * 86 : (column + 1) * 86].min() < 100  # letters


def test_it_is_evaluated_by_the_classes_that_it_was_asked_for(run: Run) -> None:
    out = run.folder.parent
    found = json.loads(done("eval", run.name, "--json", FEW, "--labels=20", "--out", out))
    names = {result["name"] for result in found["metrics"]}
    by_labels = not run.manifest["classes"]["clusters"]
    assert ("class_agreement" in names) == by_labels
    assert (run.folder / "eval/asked.png").is_file() == by_labels
    columns = len(run.manifest["classes"]["names"])
    assert read_png(run.folder / "eval/samples.png").shape[1] == columns * 86 + 2
    again = json.loads(
        done("eval", run.name, "--json", FEW, "--labels=20", "--all-checkpoints", "--out", out)
    )
    assert again["metrics"] == found["metrics"]
    last = again["checkpoints"][-1]["frechet"]["value"]
    assert last == pytest.approx(next(r["value"] for r in found["metrics"]), rel=1e-4)


def test_its_film_is_made_and_its_networks_are_inspected(run: Run) -> None:
    assert (run.folder / "training.gif").is_file()
    text = done("inspect", run.folder / "config.yaml")
    assert text.count("\n  class  ") == 2


def test_clusters_that_were_kept_are_taken(run: Run) -> None:
    if not run.manifest["classes"]["clusters"]:
        pytest.skip("has labels")
    before = (run.folder / LAST).read_bytes()
    clusters(run).write_bytes(clusters(run).read_bytes()[:-1] + b"\7")
    said = refused(2, "train-dcgan", "--resume", run.name, "--epochs=3", "--out", run.folder.parent)
    assert "clusters.safetensors is damaged" in said
    clusters(run).unlink()  # then they are found again
    done("train-dcgan", "--resume", run.name, "--epochs=3", "--out", run.folder.parent)
    assert (run.folder / LAST).read_bytes() == before
    assert clusters(run).is_file()


def test_inspect_shows_what_clusters_hold(tmp_path: Path) -> None:
    changes = ["--set=data.source=sample", "--set=data.limit=64", "--set=conditional=clusters"]
    text = done("inspect", "dcgan-fashion", "--pictures", *changes, "--out", tmp_path)
    table = text.partition("clusters, found without labels")[2]
    assert table.count("cluster ") == 3
    assert np.ptp(read_png(tmp_path / "dcgan-fashion-clusters.png")) == 255


def test_pictures_without_labels_are_refused_with_what_to_do(tmp_path: Path) -> None:
    for number in range(12):
        name = tmp_path / f"{number}.png"
        save_png(name, np.random.default_rng(number).integers(0, 255, (28, 28, 1), np.uint8))
    own = ["--set=data.name=folder", f"--set=data.folder={tmp_path}", "--set=train.batch_size=2"]
    rest = [*own, "--set=data.validation=0", "--set=train.evaluate_every=0", "--dry-run"]
    said = refused(2, "train-dcgan", *rest, "--set=conditional=true")
    assert "--set conditional=clusters" in " ".join(said.split())
    done("train-dcgan", *rest, "--set=conditional=clusters")
