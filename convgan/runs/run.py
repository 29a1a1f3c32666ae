"""The run folder: its name, its manifest and its log."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from convgan.config import Config, dump_config, load_config
from convgan.errors import DataError, UsageError
from convgan.files import replacing

_MAX_JSON_BYTES = 50_000_000


def write_json(target: Path, value: Any) -> None:
    """Write JSON that every reader takes: numbers that are not finite become null."""
    with replacing(target) as temporary:
        text = json.dumps(_finite(value), indent=2, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        DataError: the file is missing, too large, or not a JSON object.
    """
    try:
        size = path.stat().st_size
        if size > _MAX_JSON_BYTES:
            raise DataError(f"{path} has {size} bytes, more than a run ever writes")
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(value, dict):
        raise DataError(f"{path} holds {type(value).__name__}, expected a JSON object")
    return value


class Run:
    """One run's folder, and the manifest `run.json` in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: dict[str, Any] = {}

    @classmethod
    def create(cls, out: Path, name: str, config: Config) -> Run:
        """Make the folder `out/name-0001`, or the next number that is free."""
        try:
            out.mkdir(parents=True, exist_ok=True)
            while True:
                number = 1 + max((_number(path.name, name) for path in out.iterdir()), default=0)
                run = cls(out / f"{name}-{number:04d}")
                try:
                    run.folder.mkdir()
                    break
                except FileExistsError:  # another process was first
                    continue
        except OSError as error:
            raise UsageError(f"no run folder can be made in {out}: {error}") from error
        run.keep_config(config)
        run.update(name=run.folder.name, task=config.task, status="running", started=now())
        return run

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Open an existing run's folder."""
        run = cls(folder)
        run.manifest = read_json(folder / "run.json")
        return run

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def task(self) -> str:
        """`classifier` or `dcgan`."""
        return str(self.manifest.get("task"))

    def config(self) -> Config:
        """Return the configuration that the run was made with."""
        return load_config(self.folder / "config.yaml")

    def keep_config(self, config: Config) -> None:
        """Write the whole configuration, from which the run can be repeated."""
        with replacing(self.folder / "config.yaml") as temporary:
            temporary.write_text(dump_config(config), encoding="utf-8")

    def update(self, **entries: Any) -> None:
        """Set entries of the manifest and write it."""
        self.manifest.update(entries)
        write_json(self.folder / "run.json", self.manifest)

    def log(self, record: Mapping[str, float]) -> None:
        """Append one line to `metrics.jsonl`."""
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(_finite(dict(record)), allow_nan=False) + "\n")

    def records(self) -> list[dict[str, Any]]:
        """Return the lines of `metrics.jsonl`; a torn last line is left out."""
        path = self.folder / "metrics.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        records = []
        for place, line in enumerate(lines, start=1):
            try:
                records.append(json.loads(line))
            except ValueError as error:
                if place < len(lines):
                    raise DataError(f"{path}, line {place} is not JSON: {error}") from error
        return records

    def rewind(self, step: int) -> None:
        """Forget what was logged and drawn after this step, which will be done again."""
        records = [record for record in self.records() if record["step"] <= step]
        with replacing(self.folder / "metrics.jsonl") as temporary:
            lines = [json.dumps(record) + "\n" for record in records]
            temporary.write_text("".join(lines), encoding="utf-8")
        for name in ("samples", "warnings"):
            if name in self.manifest:
                kept = [entry for entry in self.manifest[name] if entry["step"] <= step]
                self.update(**{name: kept})

    def file(self, relative: str) -> Path:
        """Return a path that the manifest names, which must lie in the run's folder."""
        path = (self.folder / relative).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise DataError(f"{self.folder / 'run.json'} names {relative!r}, outside the run")
        return path


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
        runs_of_name = [run for run in runs if _number(run.name, wanted)]
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


def now() -> str:
    """Return the time in UTC, as ISO 8601 with microseconds, which sorts."""
    return datetime.now(timezone.utc).isoformat(timespec="microseconds")


def _number(folder: str, name: str) -> int:
    match = re.fullmatch(re.escape(name) + r"-(\d{4,})", folder)
    return int(match[1]) if match else 0


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
