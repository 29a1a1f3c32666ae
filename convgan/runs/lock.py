"""One process at a time writes into a run's folder."""

from __future__ import annotations

import json
import logging
import os
import socket
from contextlib import suppress
from pathlib import Path

from filelock import lock_descriptor

from convgan.errors import RunError, UsageError

logger = logging.getLogger("convgan")
_OWNER_AT = 1  # Windows lets nobody else read the byte that is locked, the first
_OWNER_BYTES = 1000


class FolderLock:
    """The file `lock` of a folder, held by one process, which it names; empty if nobody does.

    The system releases it when that process ends, however it ends, so nobody ever has to remove
    a stale lock.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lock"
        self._descriptor: int | None = None

    def take(self) -> None:
        """Hold the lock until `release`.

        Raises:
            UsageError: another process, which the message names, holds it.
            RunError: the file cannot be written.
        """
        if self._descriptor is not None:
            return
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise RunError(f"cannot write {self.path}: {error.strerror or error}") from error
        before, folder = _owner(descriptor), self.path.parent
        try:
            locked = lock_descriptor(descriptor, blocking=False)
        except OSError as error:  # a file system without locks
            logger.warning("%s cannot be locked: %s", folder, error)
            locked = True
        if not locked:
            os.close(descriptor)
            raise UsageError(
                f"{folder} is being written by {before or 'another process'}; wait for it to end "
                "or stop it, or train into a new folder, without --resume"
            )
        if before:
            logger.info("%s: taken over from %s, which stopped without saving", folder, before)
        _sign(descriptor, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
        self._descriptor = descriptor

    def release(self) -> None:
        """Let another process hold it."""
        if self._descriptor is not None:
            _sign(self._descriptor, "")
            os.close(self._descriptor)
            self._descriptor = None


def _sign(descriptor: int, owner: str) -> None:
    """Write who holds the lock; the lock itself does not depend on it."""
    with suppress(OSError):  # disk full
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, b" " * _OWNER_AT + owner.encode() if owner else b"")


def _owner(descriptor: int) -> str:
    """Return in words who claims the lock in its file; empty if nobody does."""
    os.lseek(descriptor, _OWNER_AT, os.SEEK_SET)
    text = os.read(descriptor, _OWNER_BYTES)
    try:
        owner = json.loads(text) if text else None
        return f"process {int(owner['pid'])} on {str(owner['host'])[:100]!r}" if owner else ""
    except (ValueError, TypeError, KeyError, RecursionError):
        return "another process"
