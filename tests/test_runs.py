"""Run folders: names, manifest, log, and how a run is found."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from convgan.config import load_config
from convgan.errors import DataError, RunError, UsageError
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
    first, second, third = ({"epoch": n, "step": 10 * n, "file": f"{n}.png"} for n in (1, 2, 3))
    for name in ("1.png", "3.png"):  # the second is lost
        (run.folder / name).write_bytes(b"")
    run.update(samples=[first, second, third])
    run.update(results={"epoch": 2, "step": 20}, best={"epoch": 3, "step": 30})
    run.rewind(20)
    assert run.records() == [{"step": 10, "loss": 2.5}, {"step": 20, "loss": 5.0}]
    run.log({"step": 21})
    assert [record["step"] for record in run.records()] == [10, 20, 21]
    manifest = Run.open(run.folder).manifest
    assert manifest["samples"] == [first]
    assert manifest["results"] == {"epoch": 2, "step": 20}
    assert "best" not in manifest


@pytest.mark.parametrize(
    "damage",
    [b'{"ste', b'{"step": 2}', b'{"step": 2.0}\n', b"[2]\n", b"\0\0\n", b'{"step": "2"}\n'],
)
def test_lines_after_a_damaged_one_are_left_out_and_written_anew(
    damage: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = make(tmp_path)
    log = run.folder / "metrics.jsonl"
    log.write_bytes(b'{"step": 1}\n' + damage + b'{"step": 3}\n')
    assert run.records() == [{"step": 1}]
    run.rewind(3)
    run.log({"step": 4})
    assert log.read_bytes() == b'{"step": 1}\n{"step": 4}\n'


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


def test_a_run_has_its_folder_s_name_however_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Run.create(tmp_path, "one", load_config("classifier-mnist"))
    monkeypatch.chdir(tmp_path / "one-0001")
    assert find_run(".", tmp_path).name == "one-0001"


def test_a_json_file_that_is_too_large_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convgan.runs.json_file._MAX_BYTES", 1)
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(DataError, match=r"a\.json cannot be read as JSON: it has 2 bytes"):
        read_json(tmp_path / "a.json")


def test_a_run_that_is_not_there_is_said_with_what_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="make one with `convgan train-dcgan`"):
        find_run(None, tmp_path, task="dcgan")
    make(tmp_path)
    with pytest.raises(UsageError, match="did you mean 'dcgan-fashion-0001"):
        find_run("dcgan-fashio-0001", tmp_path)
    with pytest.raises(UsageError, match="is a dcgan run, expected a classifier run"):
        find_run("dcgan-fashion-0001", tmp_path, task="classifier")
    for impossible in ("x" * 5000, "~nobody-of-this-name/run"):
        with pytest.raises(UsageError, match="neither a run's folder nor a name"):
            find_run(impossible, tmp_path)


def test_a_name_in_the_manifest_cannot_leave_the_folder(tmp_path: Path) -> None:
    run = make(tmp_path)
    assert run.file("samples/a.png") == (run.folder / "samples/a.png").resolve()
    for outside in ("../a.png", "/etc/passwd", "samples/../../a.png"):
        with pytest.raises(DataError, match="outside the run"):
            run.file(outside)
    for impossible in ("a" * 300, "a\0b"):
        with pytest.raises(DataError, match=r"run\.json names 'a"):
            run.file(impossible)


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


HOLD = """
import sys, time
from pathlib import Path
from convgan.runs import Run
run = Run.open(Path(sys.argv[1]))
run.lock()
print("held", flush=True)
time.sleep(100)
"""


def test_one_process_at_a_time_writes_into_a_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A killed one's lock is free at once."""
    run = make(tmp_path)
    run.release()
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run.folder)], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match=f"written by process {other.pid} on ") as caught:
            Run.open(run.folder).lock()
        assert str(run.folder) in str(caught.value)
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    with caplog.at_level("INFO", logger="convgan"):
        run.lock()
    assert f"taken over from process {other.pid}" in caplog.text
    assert (run.folder / "lock").read_text() != ""
    run.release()
    assert (run.folder / "lock").read_text() == ""


@pytest.mark.parametrize("text", ["nonsense", "[1]", '{"pid": "x"}', "\xff", "9" * 5000])
def test_what_stands_in_the_lock_is_not_believed(text: str, tmp_path: Path) -> None:
    run = make(tmp_path)
    run.release()
    (run.folder / "lock").write_bytes(text.encode("latin-1"))
    again = Run.open(run.folder)
    again.lock()
    with pytest.raises(UsageError, match="is being written by process"):
        run.lock()
    again.release()


def test_a_file_system_without_locks_is_reported_and_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def missing(descriptor: int, *, blocking: bool) -> bool:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    run = make(tmp_path)
    run.release()
    monkeypatch.setattr("convgan.runs.lock.lock_descriptor", missing)
    again = Run.open(run.folder)
    with caplog.at_level("WARNING", logger="convgan"):
        again.lock()
    assert f"{run.folder} cannot be locked: " in caplog.text
    assert json.loads((run.folder / "lock").read_text())["pid"] == os.getpid()
    again.release()


def test_what_a_killed_process_was_writing_is_removed(tmp_path: Path) -> None:
    run = make(tmp_path)
    run.release()
    (run.folder / "samples").mkdir()
    half = run.folder / "samples" / f".{'0a' * 16}.png"
    mine = run.folder / ".keep.png"
    for path in (half, mine):
        path.write_bytes(b"half")
    Run.open(run.folder).lock()
    assert not half.exists()
    assert mine.exists()


@contextmanager
def full_disk(bytes_left: int = 0) -> Iterator[None]:
    """No file may grow beyond so many bytes: writes fail as they do on a full disk."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_lines_that_the_disk_did_not_take_are_written_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = make(tmp_path)
    log = run.folder / "metrics.jsonl"
    run.log({"step": 1})
    with full_disk(len(log.read_bytes()) + 5), caplog.at_level("WARNING", logger="convgan"):
        run.log({"step": 2})  # five bytes of it fit
        run.log({"step": 3})
        run.update(samples=[])
        with pytest.raises(RunError, match=r"cannot write .*metrics.jsonl"):
            run.flush()
    assert caplog.text.count("metrics.jsonl") == 1  # said once
    assert "it is kept for later" in caplog.text
    assert "samples" not in Run.open(run.folder).manifest
    run.log({"step": 4})
    assert log.read_bytes() == b"".join(b'{"step": %d}\n' % step for step in (1, 2, 3, 4))
    run.flush()
    assert Run.open(run.folder).manifest["samples"] == []


def test_files_that_the_disk_did_not_take_are_written_before_the_next_checkpoint(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = make(tmp_path)

    with full_disk(), caplog.at_level("WARNING", logger="convgan"):
        run.write("a", b"first")
        run.write("b", b"other")
        run.write("a", b"second")
        with pytest.raises(RunError, match="cannot write"):
            run.flush()
    assert "it is kept for later" in caplog.text
    run.flush()
    assert (run.folder / "a").read_text() == "second"
    assert (run.folder / "b").read_text() == "other"
    with full_disk():
        run.write("c", b"of an epoch that is done again")
    run.rewind(0)
    run.flush()
    assert not (run.folder / "c").exists()


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("samples", [1]),
        ("samples", [{"epoch": 1, "step": -1, "file": "a"}]),
        ("samples", [{"epoch": 1, "step": 1, "file": 3}]),
        ("results", {"epoch": "one", "step": 1}),
        ("best", {"epoch": 1, "step": 1, "loss": "<b>"}),
        ("data", "fashion"),
        ("task", "../../etc"),
        ("parameters", {"generator": {}}),
        ("started", 5),
        ("warnings", [{"step": 1}]),
    ],
)
def test_a_manifest_of_another_form_is_said(entry: str, value: object, tmp_path: Path) -> None:
    run = make(tmp_path)
    write_json(run.folder / "run.json", run.manifest | {"unknown": [1]})
    assert Run.open(run.folder).manifest["unknown"] == [1]
    write_json(run.folder / "run.json", run.manifest | {entry: value})
    with pytest.raises(DataError, match=rf"run\.json is no run's manifest: {entry}"):
        Run.open(run.folder)
