"""`convgan runs`: what was trained, what differs between two, and which checkpoints can go."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from convgan.arrays import read_header
from convgan.config import differing, flatten
from convgan.errors import ConvganError, DataError, UsageError
from convgan.files import checkpoints
from convgan.reporting import Table
from convgan.runs import Run, all_runs
from convgan.runs.evaluations import ClassifierEvaluation, GeneratorEvaluation, read_evaluation

_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"))


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
    sides = [dict(_facts(run)) for run in (one, other)]
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


def superfluous_checkpoints(runs: Sequence[Run]) -> list[Path]:
    """Return the checkpoints of finished runs that are neither the newest nor of the best epoch."""
    found = []
    for run in runs:
        if run.manifest.get("status") != "finished":
            continue
        kept = {(run.manifest.get(name) or {}).get("step") for name in ("results", "best")}
        names = {f"step-{step:09d}.safetensors" for step in kept if step is not None}
        older = checkpoints(run.folder / "checkpoints")[:-1]
        found += [path for path in older if path.name not in names]
    return found


def remove(paths: Sequence[Path]) -> list[str]:
    """Remove checkpoints; return what was wrong with those that a process is using.

    Each folder is locked while its checkpoints go.
    """
    wrong = []
    for folder in dict.fromkeys(path.parent.parent for path in paths):
        run = Run.open(folder)
        try:
            run.lock()
        except ConvganError as error:
            wrong.append(str(error))
            continue
        try:
            for path in paths:
                if path.parent.parent == folder:
                    path.unlink(missing_ok=True)
        except OSError as error:
            wrong.append(f"cannot remove {path}: {error.strerror or error}")
        finally:
            run.release()
    return wrong


def describe(paths: Sequence[Path]) -> str:
    """Return how many files these are, and how large."""
    size = _size(sum(path.stat().st_size for path in paths))
    return f"{len(paths)} checkpoint{'s' * (len(paths) != 1)}, {size}"


def _facts(run: Run) -> list[tuple[str, str]]:
    facts: list[tuple[str, Any]] = []
    with suppress(ConvganError):
        facts += [
            (key, value)
            for key, value in flatten(run.config().model_dump(mode="json"))
            if key != "name"
        ]
    for name in ("data", "versions", "device", "precision", "commit", "status"):
        facts += flatten(run.manifest.get(name), name)
    facts += _results(run).items()
    facts.append(("result", _main_number(run)))
    return [(key, _shown(value)) for key, value in facts]


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
        if run.task == "classifier":
            classified = read_evaluation(run.folder, ClassifierEvaluation)
            if classified:
                return f"accuracy {100 * classified.accuracy:.2f} %"
        else:
            generated = read_evaluation(run.folder, GeneratorEvaluation)
            for metric in generated.metrics if generated else ():
                if metric.name == "frechet":
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
    try:
        started = datetime.fromisoformat(str(run.manifest.get("started")))
        seconds = (datetime.now(timezone.utc) - started).total_seconds()
    except (ValueError, TypeError):  # no time, or one without its zone
        return ""
    for unit, name in _UNITS:
        if seconds >= unit:
            return f"{seconds // unit:.0f} {name} ago"
    return "just now"


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def _bytes(path: Path) -> int:
    """Return a file's size; 0 for a folder, and for what a training has just replaced."""
    with suppress(OSError):
        return path.stat().st_size if path.is_file() else 0
    return 0
