"""One run's folder: its name, its configuration, its manifest and its log."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from convgan.config import Config, dump_config, load_config
from convgan.errors import DataError, RunError, UsageError
from convgan.files import remove_temporaries, replacing
from convgan.runs.json_file import json_bytes
from convgan.runs.lock import FolderLock
from convgan.runs.log import MetricsFile
from convgan.runs.manifest import read_manifest

logger = logging.getLogger("convgan")
C = TypeVar("C", bound=Config)


class Run:
    """One run's folder, and the manifest `run.json` in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: dict[str, Any] = {}
        self._waiting: dict[str, bytes] = {}
        """Files that the disk did not take yet, by name."""
        self._metrics = MetricsFile(folder / "metrics.jsonl")
        self._lock = FolderLock(folder)

    @classmethod
    def create(cls, out: Path, name: str, config: Config, **entries: Any) -> Run:
        """Make the folder `out/name-0001`, or the next free number, with these entries; lock it."""
        try:
            out.mkdir(parents=True, exist_ok=True)
            first = 1 + max((run_number(path.name, name) for path in out.iterdir()), default=0)
            for number in count(first):
                run = cls(out / f"{name}-{number:04d}")
                with suppress(FileExistsError):  # another process was first
                    run.folder.mkdir()
                    break
        except OSError as error:
            raise UsageError(f"no run folder can be made in {out}: {error}") from error
        run.lock()
        run.keep_config(config)
        run.update(
            name=run.folder.name, task=config.task, status="running", started=now(), **entries
        )
        run.flush()
        return run

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Open an existing run's folder, to read it."""
        run = cls(folder)
        run.manifest = read_manifest(folder / "run.json")
        return run

    def lock(self) -> None:
        """Be the only one who writes here, until `release` or the end of the process.

        Raises:
            UsageError: another process writes here.
        """
        self._lock.take()
        remove_temporaries(self.folder)

    def release(self) -> None:
        """Let another process write here."""
        self._lock.release()

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.resolve().name

    @property
    def task(self) -> str:
        """`classifier` or `dcgan`."""
        return str(self.manifest.get("task"))

    def config(self) -> Config:
        """Return the configuration that the run was made with."""
        return load_config(self.folder / "config.yaml")

    def config_of(self, kind: type[C]) -> C:
        """Return the configuration of a run of this kind.

        Raises:
            DataError: it is of another kind, unlike the manifest.
        """
        config = self.config()
        if not isinstance(config, kind):
            raise DataError(f"{self.folder}: run.json says {self.task}, config.yaml does not")
        return config

    def keep_config(self, config: Config) -> None:
        """Write the whole configuration, from which the run can be repeated."""
        with replacing(self.folder / "config.yaml") as temporary:
            temporary.write_text(dump_config(config), encoding="utf-8")

    def update(self, **entries: Any) -> None:
        """Set entries of the manifest and write it, now or as soon as the disk takes it."""
        self.manifest.update(entries)
        self.write("run.json", json_bytes(self.manifest))

    def log(self, record: Mapping[str, Any]) -> None:
        """Append one line to `metrics.jsonl`, now or as soon as the disk takes it."""
        self._metrics.append(record)

    def write(self, name: str, content: bytes) -> None:
        """Write a file that could not be made again, now or as soon as the disk takes it."""
        waiting = bool(self._waiting)
        self._waiting[name] = content
        try:
            self._write_waiting()
        except RunError as error:
            if not waiting:
                logger.warning("%s; it is kept for later", error)

    def flush(self) -> None:
        """Return when log, manifest and all that waits are on the disk.

        Raises:
            RunError: they cannot be written.
        """
        self._metrics.flush()
        self._write_waiting()

    def records(self) -> list[dict[str, Any]]:
        """Return the lines of `metrics.jsonl` up to the first damaged one."""
        return self._metrics.records()

    def rewind(self, step: int) -> None:
        """Forget what was logged and drawn after this step, which will be done again."""
        self._waiting.clear()
        self._metrics.cut(step)
        kept = {
            name: [entry for entry in self.manifest.get(name, []) if entry["step"] <= step]
            for name in ("samples", "warnings", "times")
        }
        found = [entry for entry in kept["samples"] if self.file(entry["file"]).is_file()]
        if lost := len(kept["samples"]) - len(found):
            logger.warning("%s lacks %d of its sample grids", self.folder, lost)
        for name in ("results", "best"):
            if (self.manifest.get(name) or {"step": 0})["step"] > step:
                del self.manifest[name]
        self.update(**kept | {"samples": found})

    def file(self, relative: str) -> Path:
        """Return a path that the manifest names, which must lie in the run's folder."""
        try:
            path = (self.folder / relative).resolve()
            path.exists()
        except (OSError, ValueError, RuntimeError) as error:  # too long, a NUL, links in a circle
            raise DataError(f"{self.folder / 'run.json'} names {relative!r}: {error}") from error
        if not path.is_relative_to(self.folder.resolve()):
            raise DataError(f"{self.folder / 'run.json'} names {relative!r}, outside the run")
        return path

    def _write_waiting(self) -> None:
        failed = None
        for name, content in list(self._waiting.items()):
            try:
                with replacing(self.folder / name) as temporary:
                    temporary.write_bytes(content)
                del self._waiting[name]
            except RunError as error:
                failed = error
        if failed:
            raise failed


def now() -> str:
    """Return the time in UTC, as ISO 8601 with microseconds, which sorts."""
    return datetime.now(timezone.utc).isoformat(timespec="microseconds")


def run_number(folder: str, name: str) -> int:
    """Return 7 for the folder `name-0007`, 0 for one that is not of this name."""
    match = re.fullmatch(re.escape(name) + r"-(\d{4,})", folder)
    return int(match[1]) if match else 0
