"""A disk that is full, or read-only, for a while: the training goes on and ends the same."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from convgan.callbacks.progress import ProgressBar
from convgan.training import loop
from convgan.training.callback import Numbers

from .conftest import Whole
from .runs import COMMAND, arguments, assert_same, checkpoints, here, run_in

BEGIN, END = 21, 51  # steps; the ends of two epochs lie between

# In a mount namespace of its own; what was on the tmpfs is copied to where it lay.
IN_TMPFS = """
mount -t tmpfs -o size="$1" tmpfs "$2" && shift
"${@:2}"; code=$?
mkdir "$1.copy" && cp -r "$1"/. "$1.copy" && exit $code
"""
DRIVER = f"""
import subprocess, sys
from pathlib import Path
import convgan.training.loop as loop
from convgan.callbacks.progress import ProgressBar
loop.RETRY_SECONDS = 0.0
begin, end, out = sys.argv.pop(1), sys.argv.pop(1), Path(sys.argv.pop(1))
ballast = out / "ballast"

def fill():
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(512)):
                pass
        except OSError:
            pass

def freeze():
    run = next(out.glob("*/run.json")).parent
    subprocess.run(["mount", "--bind", run, run], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", run], check=True)

def thaw():
    subprocess.run(["umount", next(out.glob("*/run.json")).parent], check=True)

acts = {{"fill": fill, "empty": ballast.unlink, "freeze": freeze, "thaw": thaw}}
plan = [({BEGIN}, acts[begin]), ({END}, acts[end])]

def act(bar, done, logs):
    while plan and done >= plan[0][0]:
        plan.pop(0)[1]()

ProgressBar.on_call_end = act
{COMMAND}
"""


@pytest.mark.slow
def test_files_that_cannot_grow_for_a_while(
    whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in the middle of a line of the log."""
    plan = [(BEGIN, lambda: limit_files(2500)), (END, lambda: limit_files(-1))]
    seen: list[list[Path]] = []

    def act(_bar: ProgressBar, done: int, _logs: Numbers) -> None:
        while plan and done >= plan[0][0]:
            plan.pop(0)[1]()
            run = run_in(tmp_path)
            seen.append(checkpoints(run) if run else [])

    monkeypatch.setattr(ProgressBar, "on_call_end", act)
    monkeypatch.setattr(loop, "RETRY_SECONDS", 0.0)
    try:
        result = here("classifier", tmp_path)
    finally:
        limit_files(-1)
    assert result.exit_code == 0, result.output
    assert seen[0] == seen[1] != []
    assert "the checkpoint of step 19 is untouched" in result.stderr
    run = run_in(tmp_path)
    assert run
    assert_same(run, whole("classifier"))


@pytest.mark.parametrize(("size", "said"), [(100, "config.yaml"), (5000, "step 0 is not saved")])
def test_a_disk_that_takes_nothing_from_the_start(size: int, said: str, tmp_path: Path) -> None:
    limit_files(size)
    try:
        result = here("classifier", tmp_path)
    finally:
        limit_files(-1)
    assert result.exit_code == 1
    assert said in result.stderr
    assert "File too large" in result.stderr
    assert "Traceback" not in result.output
    assert "unexpected" not in result.output


def limit_files(size: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))


@pytest.fixture
def tmpfs(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """From a task, a size and two acts to the exit code and what was said."""

    def run(task: str, size: str, begin: str = "fill", end: str = "empty") -> tuple[int, str]:
        out = tmp_path / "out"
        out.mkdir()
        command = [sys.executable, "-c", DRIVER, begin, end, str(out), *arguments(task, out)]
        done = subprocess.run(
            ["unshare", "--mount", "bash", "-c", IN_TMPFS, "bash", size, str(out), *command],
            capture_output=True,
            text=True,
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    mount = "mount -t tmpfs tmpfs /mnt"
    probe = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mount], capture_output=True, check=False
    )
    if probe.returncode:
        pytest.skip(f"this needs to mount a tmpfs: {probe.stderr.decode().strip()}")
    return run


@pytest.mark.slow
@pytest.mark.parametrize("acts", [("fill", "empty"), ("freeze", "thaw")])
@pytest.mark.parametrize("task", ["classifier", "dcgan"])
def test_a_disk_that_is_full_or_read_only_for_a_while(
    task: str,
    acts: tuple[str, str],
    whole: Whole,
    tmp_path: Path,
    tmpfs: Callable[..., tuple[int, str]],
) -> None:
    code, said = tmpfs(task, "3m", *acts)
    assert code == 0, said
    assert "the checkpoint of step 19 is untouched" in said
    run = run_in(tmp_path / "out.copy")
    assert run
    assert_same(run, whole(task))


@pytest.mark.slow
@pytest.mark.parametrize("size", ["4k", "8k", "12k", "16k", "40k"])
def test_a_disk_that_is_full_from_the_start(
    size: str, tmpfs: Callable[..., tuple[int, str]]
) -> None:
    code, said = tmpfs("dcgan", size)
    assert code == 1
    assert "No space left on device" in said
    assert "Traceback" not in said
    assert "unexpected" not in said
