"""Files that appear whole or not at all, also when the power fails."""

from __future__ import annotations

import os
import re
import shutil
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
    the suffix, which writers choose their format by. It may be a folder that replaces one.

    Raises:
        RunError: the file cannot be written (no permission, disk full, `path` is a folder).
    """
    # Not tempfile: its files are for the owner only, and reports are there to be shared.
    temporary, before = (path.with_name(f".{uuid4().hex}{path.suffix}") for _ in range(2))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            if flush:
                for each in (temporary, *temporary.rglob("*")):
                    flush_to_disk(each)
            if temporary.is_dir() and path.is_dir():  # which nothing replaces at once
                path.rename(before)
            temporary.replace(path)
            _remove(before)
            if flush:
                flush_to_disk(path.parent)  # the new name
        finally:
            _remove(temporary)
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
    for path in list(folder.rglob(".*")):
        if _TEMPORARY.fullmatch(path.name):
            _remove(path)


def _remove(path: Path) -> None:
    """Remove a file or a whole folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints in a folder, oldest first."""
    return sorted(folder.glob(f"step-{9 * '[0-9]'}.safetensors"))
