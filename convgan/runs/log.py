"""`metrics.jsonl`: one JSON object per line, appended to, never torn."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from convgan.errors import RunError
from convgan.files import flush_to_disk
from convgan.runs.json_file import finite

logger = logging.getLogger("convgan")
_MAX_LINE = 100_000


class MetricsFile:
    """A log of numbers.

    Lines that cannot be written (disk full) are kept and written with the next ones; what was
    half written is cut off first.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pending: list[bytes] = []
        self._size: int | None = None
        """Bytes of whole lines, once it is known."""

    def append(self, record: Mapping[str, Any]) -> None:
        """Add one line, now or as soon as the disk takes it."""
        waiting = bool(self._pending)
        self._pending.append(json.dumps(finite(record), allow_nan=False).encode() + b"\n")
        try:
            self._write()
        except OSError as error:
            if not waiting:
                logger.warning(
                    "cannot write %s: %s; training goes on, its lines are kept for later",
                    self.path, error.strerror or error,
                )  # fmt: skip

    def flush(self) -> None:
        """Return when all lines are on the disk.

        Raises:
            RunError: they cannot be written.
        """
        try:
            self._write()
            if self.path.exists():
                flush_to_disk(self.path)
        except OSError as error:
            raise RunError(f"cannot write {self.path}: {error.strerror or error}") from error

    def records(self) -> list[dict[str, Any]]:
        """Return the lines up to the first that is torn or no log line."""
        return [record for record, _ in self._lines()]

    def cut(self, step: int) -> None:
        """Forget the lines after this step, and all after the first damaged one."""
        end = last = 0
        for record, position in self._lines():
            if record["step"] > step:
                break
            end, last = position, record["step"]
        if self.path.exists() and end < self.path.stat().st_size:
            os.truncate(self.path, end)  # in place: it also works on a full disk
        self._pending, self._size = [], end
        if last < step:
            logger.warning("%s lacks its lines from step %d to %d", self.path, last + 1, step)

    def _write(self) -> None:
        if not self._pending:
            return
        with self.path.open("ab") as file:
            if self._size is None:
                self._size = file.tell()
            file.truncate(self._size)  # without what was half written
            file.write(b"".join(self._pending))
            file.flush()
            self._size = file.tell()
        self._pending = []

    def _lines(self) -> Iterator[tuple[dict[str, Any], int]]:
        """Yield each good line and the position after it, up to the first that is not good."""
        if not self.path.is_file():
            return
        with self.path.open("rb") as file:
            while line := file.readline(_MAX_LINE):
                record = _parsed(line)
                if record is None:
                    return
                yield record, file.tell()


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return a whole line's record: numbers and flags by name, with the step."""
    if not line.endswith(b"\n"):
        return None
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    good = (
        isinstance(record, dict)
        and type(record.get("step")) is int
        and all(value is None or isinstance(value, int | float) for value in record.values())
    )
    return record if good else None
