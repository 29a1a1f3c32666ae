"""Compressed data of a file, piece by piece: memory grows with what is asked for."""

from __future__ import annotations

import zlib
from typing import BinaryIO

GZIP, ZLIB = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS
_CHUNK = 1 << 16


class Unpacked:
    """What a zlib stream or a gzip file of one member holds, read from its start on.

    Not gzip.GzipFile, which takes a second for each megabyte of empty members, or of a file
    name in the header.
    """

    def __init__(self, file: BinaryIO, wbits: int) -> None:
        self._file = file
        self._stream = zlib.decompressobj(wbits)

    def read(self, count: int) -> bytearray:
        """Return the next `count` bytes.

        Raises:
            EOFError: there are not so many.
            zlib.error: they are damaged.
        """
        content = bytearray()
        while len(content) < count:
            packed = self._stream.unconsumed_tail or self._file.read(_CHUNK)
            if not packed or self._stream.eof:
                raise EOFError("the compressed data end too early")
            content += self._stream.decompress(packed, count - len(content))
        return content

    def skip(self, count: int) -> None:
        """Unpack `count` bytes for nothing."""
        for start in range(0, count, _CHUNK):
            self.read(min(_CHUNK, count - start))
