"""Zip archives from elsewhere, opened only if their directory is small.

`zipfile` reads the whole directory at once: 100 MB of it would become gigabytes of objects.
"""

from __future__ import annotations

import os
import struct
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MAX_DIRECTORY_BYTES = 1 << 20
_END = struct.Struct("<4s4H2IH")
"""End of central directory: magic, 4 counts, the directory's bytes and offset, comment's bytes."""
_ZIP64_LOCATOR_BYTES = 20


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open a zip archive as numpy and Keras write it: no comment, less than 4 GB.

    Raises:
        zipfile.BadZipFile: it is none, or its directory has more than `MAX_DIRECTORY_BYTES`.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _END.size - _ZIP64_LOCATOR_BYTES))
        tail = file.read(_END.size + _ZIP64_LOCATOR_BYTES)
    locator, end = tail[: -_END.size], tail[-_END.size :]
    if len(end) < _END.size:
        raise zipfile.BadZipFile(f"{size} bytes are too few for an archive")
    magic, *_, directory_bytes, _, comment_bytes = _END.unpack(end)
    # zipfile would believe a zip64 record before these numbers.
    if magic != b"PK\5\6" or comment_bytes or locator.startswith(b"PK\6\7"):
        raise zipfile.BadZipFile("it does not end as an archive of numpy or Keras")
    if directory_bytes > MAX_DIRECTORY_BYTES:
        raise zipfile.BadZipFile(
            f"its directory has {directory_bytes:,} bytes, the limit is {MAX_DIRECTORY_BYTES:,}"
        )
    return zipfile.ZipFile(path)
