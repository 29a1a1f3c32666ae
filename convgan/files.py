"""Files that appear whole or not at all, also when the power fails."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from convgan.errors import RunError

_TEMPORARY = re.compile(r"\.[0-9a-f]{32}(\.\w+)?")


@contextmanager
def replacing(path: Path, *, flush: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path`; what was written there replaces `path`.

    It does so when it is on the disk; without `flush` at once, some 3 ms sooner, which after a loss
    of power may leave an empty file: for what can be made again. Missing folders are made. If the
    block raises, `path` stays as it was and the temporary file goes away. The temporary name keeps
    the suffix, which writers choose their format by.

    Raises:
        RunError: the file cannot be written (no permission, disk full, `path` is a folder).
    """
    # Not tempfile: its files are for the owner only, and reports are there to be shared.
    temporary = path.with_name(f".{uuid4().hex}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            if flush:
                flush_to_disk(temporary)
            temporary.replace(path)
            if flush:
                flush_to_disk(path.parent)  # the new name
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}") from error


def flush_to_disk(path: Path) -> None:
    """Return when the file, or the names in the folder, are on the disk."""
    if os.name == "nt" and path.is_dir():  # which Windows cannot open
        return
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_temporaries(folder: Path) -> None:
    """Remove what `replacing` was writing anywhere in the folder when its process was killed."""
    for path in folder.rglob(".*"):
        if _TEMPORARY.fullmatch(path.name) and path.is_file():
            path.unlink(missing_ok=True)


def checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints in a folder, oldest first."""
    found = folder.glob("step-*.safetensors")
    return sorted(path for path in found if re.fullmatch(r"step-\d{9}\.safetensors", path.name))
