"""Runs by their folder, their name, or the newest."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from convgan.errors import DataError, UsageError, did_you_mean
from convgan.runs.run import Run, run_number


def find_run(wanted: str | None, out: Path, *, task: str | None = None) -> Run:
    """Return the run given by its folder, its name or its name without number, or the newest.

    Raises:
        UsageError: there is no such run, or it is of the other task.
    """
    kind = f"{task} run" if task else "run"
    for folder in filter(_is_run, (Path(wanted), out / wanted) if wanted else ()):
        run = Run.open(folder.expanduser())
        if task and run.task != task:
            raise UsageError(f"{folder} is a {run.task} run, expected a {kind}")
        return run
    runs = [run for run in all_runs(out) if task in {None, run.task}]
    fitting = [run for run in runs if not wanted or run_number(run.name, wanted)]
    if fitting:
        return fitting[-1]
    if not wanted:
        command = "train-classifier" if task == "classifier" else "train-dcgan"
        raise UsageError(f"there is no {kind} in {out}; make one with `convgan {command}`")
    names = [run.name for run in runs]
    hint = did_you_mean(wanted, names, f"runs there: {', '.join(names) or 'none'}")
    raise UsageError(f"no {kind} {wanted!r}: neither a run's folder nor a name in {out}; {hint}")


def _is_run(folder: Path) -> bool:
    return os.path.isfile(os.path.expanduser(folder / "run.json"))  # noqa: PTH111, PTH113  Path's raise


def all_runs(out: Path) -> list[Run]:
    """Return the readable runs in a folder, oldest first."""
    runs = []
    for path in sorted(out.glob("*/run.json")):
        with suppress(DataError):
            runs.append(Run.open(path.parent))
    return sorted(runs, key=lambda run: str(run.manifest.get("started")))
