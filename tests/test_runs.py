"""Run folders: names, manifest, log, and how a run is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from convgan.config import load_config
from convgan.errors import DataError, UsageError
from convgan.runs import Run, all_runs, find_run, read_json, write_json


def make(out: Path, name: str = "dcgan-fashion", preset: str = "dcgan-fashion") -> Run:
    return Run.create(out, name, load_config(preset))


def test_names_are_counted_up_and_never_used_again(tmp_path: Path) -> None:
    (tmp_path / "dcgan-fashion-0007").mkdir()
    (tmp_path / "dcgan-fashion-article-0099").mkdir()
    assert [make(tmp_path).name, make(tmp_path).name] == [
        "dcgan-fashion-0008",
        "dcgan-fashion-0009",
    ]


def test_the_configuration_in_the_folder_repeats_the_run(tmp_path: Path) -> None:
    config = load_config("dcgan-fashion", ["seed=9"])
    assert Run.create(tmp_path, "x", config).config() == config


def test_the_log_forgets_what_will_be_done_again(tmp_path: Path) -> None:
    run = make(tmp_path)
    for step in (10, 20, 30):
        run.log({"step": step, "loss": step / 4})
    run.update(samples=[{"step": 10, "file": "a"}, {"step": 30, "file": "b"}])
    run.rewind(20)
    assert run.records() == [{"step": 10, "loss": 2.5}, {"step": 20, "loss": 5.0}]
    assert Run.open(run.folder).manifest["samples"] == [{"step": 10, "file": "a"}]


def test_a_torn_last_line_is_left_out_and_a_torn_middle_is_said(tmp_path: Path) -> None:
    run = make(tmp_path)
    log = run.folder / "metrics.jsonl"
    log.write_text('{"step": 1}\n{"ste', encoding="utf-8")
    assert run.records() == [{"step": 1}]
    log.write_text('{"ste\n{"step": 1}\n', encoding="utf-8")
    with pytest.raises(DataError, match="line 1"):
        run.records()


def test_numbers_that_are_not_finite_are_null(tmp_path: Path) -> None:
    run = make(tmp_path)
    run.log({"step": 1, "loss": float("nan")})
    assert json.loads((run.folder / "metrics.jsonl").read_text()) == {"step": 1, "loss": None}
    write_json(tmp_path / "a.json", {"a": [float("inf"), 1.5]})
    assert read_json(tmp_path / "a.json") == {"a": [None, 1.5]}


def test_the_newest_run_is_found_by_task_folder_name_and_stem(tmp_path: Path) -> None:
    first = make(tmp_path)
    second = make(tmp_path)
    judge = make(tmp_path, "judge", "classifier-mnist")
    assert find_run(None, tmp_path).folder == judge.folder
    assert find_run(None, tmp_path, task="dcgan").folder == second.folder
    assert find_run("dcgan-fashion", tmp_path).folder == second.folder
    assert find_run(first.name, tmp_path).folder == first.folder
    assert find_run(str(first.folder), Path("elsewhere")).folder == first.folder
    assert [run.name for run in all_runs(tmp_path)] == [first.name, second.name, judge.name]


def test_a_run_that_is_not_there_is_said_with_what_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="make one with `convgan train-dcgan`"):
        find_run(None, tmp_path, task="dcgan")
    make(tmp_path)
    with pytest.raises(UsageError, match="did you mean dcgan-fashion-0001"):
        find_run("dcgan-fashio-0001", tmp_path)
    with pytest.raises(UsageError, match="is a dcgan run, expected a classifier run"):
        find_run("dcgan-fashion-0001", tmp_path, task="classifier")


def test_a_name_in_the_manifest_cannot_leave_the_folder(tmp_path: Path) -> None:
    run = make(tmp_path)
    assert run.file("samples/a.png") == (run.folder / "samples/a.png").resolve()
    for outside in ("../a.png", "/etc/passwd", "samples/../../a.png"):
        with pytest.raises(DataError, match="outside the run"):
            run.file(outside)


@pytest.mark.parametrize("text", ["", "[1]", "{", "\x00", "[" * 100_000])
def test_a_damaged_manifest_is_said(text: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"run\.json"):
        read_json(path)


def test_a_folder_that_cannot_hold_runs_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="no run folder can be made"):
        make(tmp_path / "file")
