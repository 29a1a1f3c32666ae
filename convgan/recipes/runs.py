"""`convgan runs`: what was trained, what differs between two, and which checkpoints can go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from convgan.arrays import read_header
from convgan.config import differing, flatten
from convgan.errors import ConvganError, DataError, UsageError, counted
from convgan.files import checkpoints
from convgan.reporting.report import Table
from convgan.runs import Run, all_runs
from convgan.runs.evaluations import ClassifierEvaluation, read_evaluation


def runs_table(out: Path) -> Table:
    """Return a row per run of a folder, the newest last.

    Raises:
        UsageError: there is none.
    """
    rows = [
        (
            run.name,
            run.task,
            str((run.manifest.get("data") or {}).get("name", "")),
            _epochs(run),
            str(run.manifest.get("status")),
            _main_number(run),
            _age(run),
            _size(sum(map(_bytes, run.folder.rglob("*")))),
        )
        for run in all_runs(out)
    ]
    if not rows:
        raise UsageError(f"there is no run in {out}; make one with `convgan train-dcgan`")
    head = ("run", "task", "data", "epochs", "status", "result", "started", "size")
    note = "The result is that of eval on test images, or else that of the held-out images (val)."
    return Table(f"Runs in {out}", head, rows, note=note)


def difference_table(one: Run, other: Run) -> Table:
    """Return what differs between two runs: configuration, data, versions, results."""
    sides = [_facts(one), _facts(other)]
    rows = [(key, *(side.get(key, "–") for side in sides)) for key in differing(*sides)]
    names = [run.name if one.name != other.name else str(run.folder) for run in (one, other)]
    title = f"{names[0]} and {names[1]} differ in" if rows else "The two runs do not differ"
    return Table(title, ("", *names), rows)


def repetition_table(before: Run, again: Run) -> Table:
    """Return what a run and its repetition gave, and whether their networks are the same bytes."""
    old, new = _results(before), _results(again)
    rows = [(key, _shown(old[key]), _shown(new.get(key))) for key in old]
    for path in sorted((before.folder / "model").glob("*.safetensors")):
        other = again.folder / "model" / path.name
        same = other.is_file() and read_header(path)["sha256"] == read_header(other)["sha256"]
        rows.append((f"{path.stem}: weights", "", "the same" if same else "others"))
    return Table(f"{before.name} and its repetition", ("", before.name, again.name), rows)


def superfluous_checkpoints(runs: Sequence[Run]) -> dict[Run, list[Path]]:
    """Return the checkpoints of finished runs that are neither the newest nor of the best epoch."""
    found = {}
    for run in runs:
        if run.manifest.get("status") != "finished":
            continue
        kept = {(run.manifest.get(name) or {}).get("step") for name in ("results", "best")}
        names = {f"step-{step:09d}.safetensors" for step in kept if step is not None}
        older = checkpoints(run.folder / "checkpoints")[:-1]
        if paths := [path for path in older if path.name not in names]:
            found[run] = paths
    return found


def remove(superfluous: Mapping[Run, Sequence[Path]]) -> list[str]:
    """Remove runs' checkpoints; return what was wrong, such as that a process is using a run."""
    wrong = []
    for run, paths in superfluous.items():
        try:
            run.lock()
            for path in paths:
                path.unlink(missing_ok=True)
        except (ConvganError, OSError) as error:
            wrong.append(str(error))
        finally:
            run.release()
    return wrong


def describe(paths: Sequence[Path]) -> str:
    """Return how many checkpoints these are, and how large."""
    return f"{counted(len(paths), 'checkpoint')}, {_size(sum(map(_bytes, paths)))}"


def _facts(run: Run) -> dict[str, str]:
    facts: dict[str, Any] = {}
    with suppress(ConvganError):
        facts |= flatten(run.config().model_dump(mode="json", exclude={"name"}))
    for name in ("data", "init_from", "versions", "device", "precision", "commit", "status"):
        facts |= flatten(run.manifest.get(name) or "–", name)
    facts |= _results(run) | {"result": _main_number(run)}
    return {key: _shown(value) for key, value in facts.items()}


def _results(run: Run) -> dict[str, Any]:
    """Return what was measured on held-out images, of the last epoch and of the best."""
    return {
        f"{entry} {key}": value
        for entry in ("results", "best")
        for key, value in (run.manifest.get(entry) or {}).items()
        if key.startswith("val_") or key == "epoch"
    }


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _main_number(run: Run) -> str:
    """Return a run's result in words: by `eval`, else by its held-out images, else nothing."""
    with suppress(DataError):
        found = read_evaluation(run)
        if isinstance(found, ClassifierEvaluation):
            return f"accuracy {100 * found.accuracy:.2f} %"
        if found and (metric := found.metric("frechet")):
            return f"Fréchet {metric.value:.3g}"
    made = run.manifest.get("best") or run.manifest.get("results") or {}
    if (accuracy := made.get("val_accuracy")) is not None:
        return f"val {100 * accuracy:.2f} %"
    if (distance := made.get("val_frechet")) is not None:
        return f"val Fréchet {distance:.3g}"
    return ""


def _epochs(run: Run) -> str:
    times = run.manifest.get("times") or [{"epoch": 0}]
    with suppress(ConvganError):
        return f"{times[-1]['epoch']} of {run.config().train.epochs}"
    return str(times[-1]["epoch"])


def _age(run: Run) -> str:
    with suppress(ValueError, TypeError):  # no time, or one without its zone
        started = datetime.fromisoformat(str(run.manifest.get("started")))
        seconds = (datetime.now(timezone.utc) - started).total_seconds()
        for name, unit in (("d", 86_400), ("h", 3600), ("min", 60)):
            if seconds >= unit:
                return f"{seconds // unit:.0f} {name} ago"
        return "just now"
    return ""


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def _bytes(path: Path) -> int:
    """Return a file's size; 0 for a folder, and for what a training has just replaced."""
    with suppress(OSError):
        return path.stat().st_size if path.is_file() else 0
    return 0
