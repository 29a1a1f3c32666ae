"""Runs by their folder, their name, or the newest."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from convgan.errors import DataError, UsageError
from convgan.runs.run import Run, run_number


def find_run(wanted: str | None, out: Path, *, task: str | None = None) -> Run:
    """Return the run given by its folder, its name or its name without number, or the newest.

    Raises:
        UsageError: there is no such run, or it is of the other task.
    """
    kind = f"{task} run" if task else "run"
    if wanted:
        for folder in (Path(wanted).expanduser(), out / wanted):
            if (folder / "run.json").is_file():
                run = Run.open(folder)
                if task and run.task != task:
                    raise UsageError(f"{folder} is a {run.task} run, expected a {kind}")
                return run
    runs = [run for run in all_runs(out) if task in {None, run.task}]
    if wanted:
        runs_of_name = [run for run in runs if run_number(run.name, wanted)]
        if runs_of_name:
            return runs_of_name[-1]
        names = [run.name for run in runs]
        near = get_close_matches(wanted, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"runs there: {', '.join(names) or 'none'}"
        raise UsageError(
            f"no {kind} {wanted!r}: neither a run's folder nor a name in {out}; {hint}"
        )
    if not runs:
        command = {"classifier": "train-classifier"}.get(task or "", "train-dcgan")
        raise UsageError(f"there is no {kind} in {out}; make one with `convgan {command}`")
    return runs[-1]


def all_runs(out: Path) -> list[Run]:
    """Return the readable runs in a folder, oldest first."""
    runs = []
    for path in sorted(out.glob("*/run.json")):
        try:
            runs.append(Run.open(path.parent))
        except DataError:
            continue
    return sorted(runs, key=lambda run: str(run.manifest.get("started")))
