"""Compressed data of a file, piece by piece: memory grows with what is asked for."""

from __future__ import annotations

import zlib
from typing import BinaryIO

GZIP, ZLIB = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS
_CHUNK = 1 << 16


class Unpacked:
    """What a zlib stream, or a gzip file of one member, holds from its start on."""

    def __init__(self, file: BinaryIO, wbits: int) -> None:
        self._file, self._stream = file, zlib.decompressobj(wbits)

    def read(self, count: int) -> bytearray:
        """Return the next `count` bytes; an EOFError if there are not so many."""
        content = bytearray()
        while len(content) < count:
            packed = self._stream.unconsumed_tail or self._file.read(_CHUNK)
            if not packed or self._stream.eof:
                raise EOFError("the compressed data end too early")
            content += self._stream.decompress(packed, count - len(content))
        return content
