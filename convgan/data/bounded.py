"""Reading no more than was agreed on, whatever a file says of itself."""

from __future__ import annotations

from typing import Protocol

_CHUNK = 1 << 20


class Readable(Protocol):
    """An open file, or what unpacks one."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""


def read_up_to(stream: Readable, count: int) -> bytearray:
    """Read `count` bytes, or fewer where the stream ends before.

    Memory grows with what arrives, never with what was announced.
    """
    content = bytearray()
    while len(content) < count:
        chunk = stream.read(min(_CHUNK, count - len(content)))
        if not chunk:
            break
        content += chunk
    return content
