"""Two processes on one run's folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from convgan.runs.lock import FolderLock

from .runs import here

HOLD = """
import sys
from pathlib import Path
from convgan.runs.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
lock.take()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_is_killed(run: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert first.stdout
    assert first.stdout.readline() == b"held\n"
    result = here("classifier", tmp_path)
    assert result.exit_code == 2
    assert f"is being written by process {first.pid}" in result.stderr
    first.kill()
    first.communicate()
    after = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert {path for path in after if after[path] != before.get(path)} == {run / "lock"}
    assert json.loads((run / "lock").read_text())["pid"] == first.pid
    lock = FolderLock(run)
    lock.take()
    assert json.loads((run / "lock").read_text())["pid"] == os.getpid()
    lock.release()
