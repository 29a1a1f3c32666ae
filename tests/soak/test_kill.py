"""`kill -9` at random moments: a run that goes on after it ends as if nothing had been.

CONVGAN_SOAK is the number of kills: 2, or 200 over both tasks in the slow test.
"""

from __future__ import annotations

import logging
import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from .conftest import Whole
from .forked import Forked
from .runs import STEPS, TASKS, assert_same, checkpoints, run_in, temporaries

logger = logging.getLogger(__name__)
SAVING, STEPPING, ENDING = "in saving", "in steps", "at an epoch's end"
LAST, ANY = "after the last step", "at any time"
AIMS = (SAVING, STEPPING, ENDING) * 2 + (LAST, ANY)


def test_a_run_killed_a_few_times_loses_nothing(whole: Whole, tmp_path: Path) -> None:
    kills = int(os.environ.get("CONVGAN_SOAK", "2"))
    table = killed_to_its_end("classifier", tmp_path, AIMS[:2], kills, random.Random(1))
    assert_survived(tmp_path, whole("classifier"))
    assert table


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_runs_killed_hundreds_of_times_lose_nothing(
    task: str, whole: Whole, tmp_path: Path
) -> None:
    left = int(os.environ.get("CONVGAN_SOAK", "200")) // len(TASKS)
    chance = random.Random(2)
    table: Counter[str] = Counter()
    while left > 0:
        out = tmp_path / f"{left} left"
        some = killed_to_its_end(task, out, AIMS, left, chance)
        assert_survived(out, whole(task))
        table += some
        left -= some.total()
        logger.info("%s: %d kills, the end the same; in all %s", task, some.total(), dict(table))


def assert_survived(out: Path, expected: Path) -> None:
    """The run in `out` ended as the other, and nobody had to be warned on the way."""
    run = run_in(out)
    assert run
    assert_same(run, expected)
    said = [line for line in (out / "log").read_text().splitlines() if "warning:" in line]
    assert [line for line in said if "Mode collapse" not in line] == []


def killed_to_its_end(
    task: str, out: Path, aims: tuple[str, ...], most: int, chance: random.Random
) -> Counter[str]:
    """Start a run and kill it again and again, at most so often; count where the kills fell."""
    table: Counter[str] = Counter()
    while True:
        before = saved(out)
        process = Forked(task, out)
        if table.total() == most or not comes(chance.choice(aims), out, before, process, chance):
            assert process.wait() == 0, (out / "log").read_text()
            return table
        process.kill()
        process.wait()
        table[place(out, before)] += 1


def comes(aim: str, out: Path, before: list[Path], process: Forked, chance: random.Random) -> bool:
    """Wait for such a moment, as seen from outside; False if the run ended first."""
    ready = time.monotonic() + chance.uniform(0, 12)
    if aim != ANY:  # a little after it trains again, or after its last step
        while not (is_over(saved(out)) if aim == LAST else saved(out) != before):
            if process.poll() is not None:
                return False
            time.sleep(0.02)
        ready = time.monotonic() + chance.uniform(0, 0.3)
    while process.poll() is None:
        time.sleep(0.0001 if time.monotonic() >= ready else 0.02)
        if time.monotonic() >= ready and (aim not in {SAVING, ENDING} or aim in writing(out)):
            return True
    return False


def writing(out: Path) -> set[str]:
    """What it does, by the files that it has begun to write."""
    return {SAVING if path.parent.name == "checkpoints" else ENDING for path in temporaries(out)}


def place(out: Path, before: list[Path]) -> str:
    """Where a kill fell, by what it left."""
    if not saved(out):
        return "before the first checkpoint"
    if SAVING in writing(out):
        return SAVING
    if is_over(saved(out)):
        return LAST
    if writing(out):
        return ENDING
    return "while it started again" if saved(out) == before else STEPPING


def saved(out: Path) -> list[Path]:
    run = run_in(out)
    return checkpoints(run) if run else []


def is_over(found: list[Path]) -> bool:
    return bool(found) and found[-1].stem == f"step-{STEPS:09d}"
