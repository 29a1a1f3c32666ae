"""Two workers: what one is told all do, what one loses ends all, and nothing is lost by it."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from convgan.data.published import SAMPLES
from convgan.recipes import launch as launching

from .runs import COMMAND, arguments, assert_same, finished, run_in

KILLS = int(os.environ.get("CONVGAN_SOAK", "6"))


def together(task: str, out: Path, *more: str) -> subprocess.Popen[str]:
    """Start two workers, or go on with their run in `out`; its output is in `out/log`."""
    out.mkdir(exist_ok=True)
    with (out / "log").open("a") as log:
        return subprocess.Popen(
            [sys.executable, "-c", COMMAND, "launch", "--workers=2", *arguments(task, out, *more)],
            stdout=log,
            stderr=log,
            text=True,
        )


def workers_of(launcher: subprocess.Popen[str]) -> list[int]:
    """The processes of the workers, the chief's first."""
    children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
    return sorted(map(int, children))


def wait_for_steps(launcher: subprocess.Popen[str], out: Path, count: int) -> None:
    while not ((run := run_in(out)) and (log := run / "metrics.jsonl").exists()) or (
        len(log.read_text().splitlines()) < count
    ):
        assert launcher.poll() is None, (out / "log").read_text()
        time.sleep(0.02)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two workers that was never stopped."""
    out = tmp_path_factory.mktemp("whole")
    assert together("classifier", out).wait() == 0, (out / "log").read_text()
    run = run_in(out)
    assert run
    return run


def ended(out: Path, whole: Path) -> None:
    """The run in `out` goes on to its end, which is that of `whole`, to the bit."""
    assert together("classifier", out).wait() == 0, (out / "log").read_text()
    run = run_in(out)
    assert run
    assert_same(run, whole)


def stopped(out: Path, lines: int = 12, index: int = 1) -> None:
    """A worker that is told to stop stops both, after the same step."""
    launcher = together("classifier", out)
    wait_for_steps(launcher, out, lines)
    os.kill(workers_of(launcher)[index], signal.SIGTERM)
    assert launcher.wait() == 143
    said = re.findall(r"stopped by SIGTERM after step (\d+)", (out / "log").read_text())
    assert len(said) == 2
    assert len(set(said)) == 1


def test_what_the_others_do_when_one_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """They have a while to end, and are killed; the first failure is the launcher's."""
    monkeypatch.setattr(launching, "_GRACE", 0.2)
    children = [subprocess.Popen(["sleep", "100"]), subprocess.Popen(["false"])]
    assert launching._ended(children) == 1
    assert children[0].returncode == -signal.SIGKILL


def test_a_stopped_run_goes_on_in_one_process(tmp_path: Path) -> None:
    stopped(tmp_path)
    run = finished("classifier", tmp_path)
    assert json.loads((run / "run.json").read_text())["status"] == "finished"


@pytest.mark.slow
def test_a_stopped_run_goes_on_to_the_same_end(whole: Path, tmp_path: Path) -> None:
    chance = random.Random(2)
    for stop in range(KILLS // 2):
        out = tmp_path / str(stop)
        stopped(out, chance.randrange(1, 45), chance.randrange(2))
        ended(out, whole)


@pytest.mark.slow
def test_ctrl_c_at_the_launcher_stops_all(tmp_path: Path) -> None:
    launcher = together("classifier", tmp_path)
    wait_for_steps(launcher, tmp_path, 12)
    launcher.send_signal(signal.SIGINT)
    assert launcher.wait() == 130


def refused(what: str, out: Path, *more: str, code: str = COMMAND) -> None:
    """Of two workers the second has `more` options or other code: both say so and make no run."""
    addresses = launching.free_addresses(2)
    started = []
    for index in range(2):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        command = arguments("classifier", out / str(index), *(more if index else ()))
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", code if index else COMMAND, *command],
                env={**os.environ, "TF_CONFIG": json.dumps(task)},
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    for each in started:
        said = each.communicate()[1]
        assert each.returncode == 2, said
        assert f"worker 1 has another {what} than worker 0" in said
    assert run_in(out / "0") is None


@pytest.mark.slow
def test_workers_with_other_configurations_are_refused(tmp_path: Path) -> None:
    refused("configuration", tmp_path, "--set=seed=1")


@pytest.mark.slow
def test_workers_with_other_pictures_are_refused(tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "fashion-mnist.npz", tmp_path / "mnist.npz")
    code = (
        f"import pathlib, convgan.data.published as p; p.SAMPLES = pathlib.Path({str(tmp_path)!r})"
    )
    refused("set of pictures", tmp_path, code=f"{code}; {COMMAND}")


@pytest.mark.slow
def test_workers_with_other_versions_are_refused(tmp_path: Path) -> None:
    code = "import convgan.callbacks.session as s; s.versions = lambda: {'keras': '0.0'}"
    what = "version of Python, TensorFlow, Keras, NumPy or convgan"
    refused(what, tmp_path, code=f"{code}; {COMMAND}")


@pytest.mark.slow
@pytest.mark.parametrize("index", [0, 1])
def test_a_worker_that_is_killed_ends_all_and_nothing_is_lost(
    index: int, whole: Path, tmp_path: Path
) -> None:
    chance = random.Random(index)
    for kill in range(KILLS // 2):
        out = tmp_path / str(kill)
        launcher = together("classifier", out)
        wait_for_steps(launcher, out, chance.randrange(1, 45))
        os.kill(workers_of(launcher)[index], signal.SIGKILL)
        assert launcher.wait() in {1, 137}
        assert "cannot reach another worker any more" in (out / "log").read_text()
        ended(out, whole)
