"""`convgan runs`: listed, compared, repeated, pruned."""

from __future__ import annotations

import shutil
from pathlib import Path

from convgan.runs import Run

from .commands import TINY_CLASSIFIER, TINY_DCGAN, convgan, done, refused


def test_runs_are_listed(out: Path) -> None:
    rows = {line.split()[0]: line for line in done("runs", "--out", out).splitlines() if line}
    words = rows["dcgan-fashion-0001"].split()
    assert words[1:7] == ["dcgan", "fashion-mnist", "2", "of", "2", "finished"]
    assert words[-1] == "MB"
    assert "%" in rows["classifier-fashion-0001"]


def test_no_run_is_said(tmp_path: Path) -> None:
    said = refused(2, "runs", "--out", tmp_path)
    assert "there is no run in" in said
    assert "convgan train-dcgan" in said


def test_two_runs_differ_in_their_seeds(out: Path, other_seed: Path) -> None:
    text = done("runs", "diff", out / "dcgan-fashion-0001", other_seed)
    rows = [line.split() for line in text.splitlines()]
    assert ["seed", "0", "1"] in rows
    assert not any(row and row[0].startswith("train.") for row in rows)
    same = done("runs", "diff", other_seed, other_seed)
    assert same.strip() == "The two runs do not differ"


def test_a_run_is_repeated_to_the_byte(tmp_path: Path) -> None:
    done("train-classifier", *TINY_CLASSIFIER, "--epochs=1", "--name=a", "--out", tmp_path)
    text = done("runs", "rerun", "a", "--out", tmp_path)
    assert (tmp_path / "classifier-mnist-0001/report.html").is_file()
    assert "a-0001 was made by: convgan" in text
    assert "classifier: weights" in text
    assert "the same" in text
    assert "others" not in text


def test_old_checkpoints_of_finished_runs_go(tmp_path: Path) -> None:
    done("train-dcgan", *TINY_DCGAN, "--epochs=3", "--out", tmp_path)
    folder = tmp_path / "dcgan-fashion-0001"
    running = tmp_path / "dcgan-fashion-0002"
    shutil.copytree(folder, running)
    Run.open(running).update(status="running")
    before = sorted(path.name for path in (folder / "checkpoints").iterdir())
    assert len(before) > 1
    stopped = convgan("runs", "prune", "--out", tmp_path)  # nobody answers
    assert stopped.exit_code == 1
    assert "Remove " in stopped.stdout

    run = Run.open(folder)
    run.lock()
    said = refused(2, "runs", "prune", "--yes", "--out", tmp_path)
    assert "is being written by process" in said
    run.release()
    assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == before

    assert done("runs", "prune", "--yes", "--out", tmp_path).rstrip().endswith("Done.")
    assert [path.name for path in (folder / "checkpoints").iterdir()] == before[-1:]
    assert sorted(path.name for path in (running / "checkpoints").iterdir()) == before
    assert "Nothing to remove" in done("runs", "prune", "--out", tmp_path)
    done("train-dcgan", "--resume", folder, "--epochs=4", "--out", tmp_path)
