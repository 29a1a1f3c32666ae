"""Random edits of bytes, blind to their format; the same seed makes the same edits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

Edit = Callable[[bytes], bytes]
"""A random edit that can be applied to anything."""

_NUMBERS = (0, 1, 2, 127, 255, 32767, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)


def edit_bytes(rng: Random, data: bytes, corpus: Sequence[bytes]) -> bytes:
    """One to four edits: bits, bytes, numbers, lengths, and pieces of other files."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        place = _place(rng, len(data))
        head, tail = data[:place], data[place:]
        data = rng.choice(_EDITS)(rng, head, tail, corpus)
    return data


def _place(rng: Random, length: int) -> int:
    """Anywhere, but as often near the start or the end, where formats keep their tables."""
    near = rng.randrange(min(length, 64) + 1)
    return rng.choice((rng.randint(0, length), near, length - near))


def _flip(rng: Random, head: bytes, tail: bytes, corpus: Sequence[bytes]) -> bytes:
    return head + bytes(byte ^ 1 << rng.randrange(8) for byte in tail[:1]) + tail[1:]


def _overwrite(rng: Random, head: bytes, tail: bytes, corpus: Sequence[bytes]) -> bytes:
    return head + rng.randbytes(1) + tail[1:]


def _number(rng: Random, head: bytes, tail: bytes, corpus: Sequence[bytes]) -> bytes:
    """A number of 1 to 8 bytes, as sizes and offsets are."""
    width = rng.choice((1, 2, 4, 8))
    value = (rng.choice(_NUMBERS) + rng.choice((-1, 0, 0, 1))) % (1 << 8 * width)
    return head + value.to_bytes(width, rng.choice(("big", "little"))) + tail[width:]


def _insert(rng: Random, head: bytes, tail: bytes, corpus: Sequence[bytes]) -> bytes:
    return head + rng.randbytes(rng.choice((1, 2, 9, 100))) + tail


def _delete(rng: Random, head: bytes, tail: bytes, corpus: Sequence[bytes]) -> bytes:
    return head + tail[rng.choice((1, 2, 4, 50)) :]


def _repeat(rng: Random, head: bytes, tail: bytes, corpus: Sequence[bytes]) -> bytes:
    return head + tail[: rng.choice((1, 4, 60, 500))] * rng.choice((1, 2, 50)) + tail


def _truncate(rng: Random, head: bytes, tail: bytes, corpus: Sequence[bytes]) -> bytes:
    return head


def _splice(rng: Random, head: bytes, tail: bytes, corpus: Sequence[bytes]) -> bytes:
    other = rng.choice(corpus)
    return head + other[_place(rng, len(other)) :]


_EDITS = (_flip, _flip, _overwrite, _number, _number, _insert, _delete, _repeat, _truncate, _splice)
