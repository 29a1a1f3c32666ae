"""One input after the other through a reader: what came of it, at what cost."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from convgan.errors import ConvganError

from .edits import edit_bytes
from .readers import Reader

MAX_SECONDS = 5.0
"""Of the processor, so that a busy machine makes no difference."""
MAX_BYTES = 200_000_000


@dataclass
class Tally:
    """What came of the inputs so far."""

    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    memory: int = 0

    def __str__(self) -> str:
        refused = ", ".join(f"{name} {count:,}" for name, count in self.refused.most_common())
        return (
            f"{self.accepted + self.refused.total():,} inputs, {self.accepted:,} accepted, "
            f"refused: {refused or 'none'}; slowest {self.slowest:.2f} s, "
            f"largest growth {self.memory / 1e6:.0f} MB"
        )


def inputs(reader: Reader, corpus: list[bytes], *, seed: int) -> Iterator[bytes]:
    """Endless inputs, the same for the same seed: the valid ones, then edited ones."""
    yield from corpus
    rng = Random(seed)
    while True:
        content = rng.choice(corpus)
        if reader.editors and rng.random() < 0.6:
            editor = rng.choice(reader.editors)
            content = editor(rng, content, lambda part: edit_bytes(rng, part, [*corpus, part]))
        else:
            content = edit_bytes(rng, content, corpus)
        yield content


def attempt(reader: Reader, content: bytes, folder: Path, tally: Tally) -> str | None:
    """Read one input and count it; return what is wrong with how that went, or None."""
    _forget_peak()
    before, start = _memory("VmRSS"), time.process_time()
    wrong = None
    try:
        reader.read(content, folder)
        tally.accepted += 1
    except (ConvganError, ValueError) as error:
        tally.refused[type(error).__name__] += 1
    except Exception as error:  # what must not be is told with its input
        tally.refused[type(error).__name__] += 1
        wrong = f"{type(error).__name__}: {error!s:.300}"
    seconds, growth = time.process_time() - start, _memory("VmHWM") - before
    tally.slowest, tally.memory = max(tally.slowest, seconds), max(tally.memory, growth)
    if seconds > MAX_SECONDS:
        wrong = f"it took {seconds:.1f} s"
    if growth > MAX_BYTES:
        wrong = f"it took {growth / 1e6:.0f} MB"
    return wrong


_PROCESS = Path("/proc/self")  # Linux; elsewhere memory is not measured


def _forget_peak() -> None:
    if (_PROCESS / "clear_refs").exists():
        (_PROCESS / "clear_refs").write_text("5")


def _memory(what: str) -> int:
    """Bytes of resident memory: now (VmRSS), or the most since `_forget_peak` (VmHWM)."""
    if not (_PROCESS / "clear_refs").exists():
        return 0
    lines = (_PROCESS / "status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(what))
