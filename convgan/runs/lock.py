"""One process at a time writes into a run's folder."""

from __future__ import annotations

import json
import logging
import os
import socket
import weakref
from contextlib import suppress
from pathlib import Path

from convgan.errors import RunError, UsageError

try:
    import fcntl
except ImportError:  # Windows, where runs are not locked
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger("convgan")
_OWNER_BYTES = 1000


class FolderLock:
    """The file `lock` of a folder, held by one process, whose name stands in it.

    The system lets go of it when that process ends, however it ends, so no lock is left behind
    that somebody would have to remove.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lock"
        self._held: weakref.finalize[[int], FolderLock] | None = None

    def take(self) -> None:
        """Hold the lock until `release`.

        Raises:
            UsageError: another process, which the message names, holds it.
            RunError: the file cannot be written.
        """
        if self._held or fcntl is None:
            return
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise RunError(f"cannot write {self.path}: {error.strerror or error}") from error
        before = _owner(descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise UsageError(
                f"{self.path.parent} is being written by {before or 'another process'}; wait for "
                "its end or stop it, or train into a folder of its own, without --resume"
            ) from None
        except OSError as error:  # a file system without locks
            logger.warning("%s cannot be locked: %s", self.path.parent, error)
        if before:
            logger.info("%s: taken over from %s, which was killed", self.path.parent, before)
        _sign(descriptor, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
        self._held = weakref.finalize(self, _let_go, descriptor)  # at the latest at exit

    def release(self) -> None:
        """Let the next process have the folder."""
        if self._held:
            self._held()
            self._held = None


def _let_go(descriptor: int) -> None:
    _sign(descriptor, "")
    os.close(descriptor)


def _sign(descriptor: int, owner: str) -> None:
    """Say who holds the lock, which itself does not depend on it."""
    with suppress(OSError):  # disk full
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, owner.encode())


def _owner(descriptor: int) -> str:
    """Return who says in the file that the lock is theirs, in words; empty if nobody does."""
    text = os.read(descriptor, _OWNER_BYTES)
    try:
        owner = json.loads(text) if text else None
        return f"process {int(owner['pid'])} on {str(owner['host'])[:100]!r}" if owner else ""
    except (ValueError, TypeError, KeyError, RecursionError):
        return "another process"
