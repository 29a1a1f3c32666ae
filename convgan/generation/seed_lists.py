"""Seeds as the command line lists them."""

from __future__ import annotations

import re
from pathlib import Path

from convgan.errors import UsageError

MOST_SEEDS = 1_000_000


def parse_seeds(text: str) -> list[int | Path]:
    """Return the seeds and npz files of a list such as `0-99,7,found.npz`: once, in this order.

    Raises:
        UsageError: it is none, or has more than a million.
    """
    seeds: dict[int | Path, None] = {}
    for part in text.split(","):
        if part.strip().lower().endswith(".npz"):
            seeds[Path(part.strip())] = None
            continue
        match = re.fullmatch(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?", part, re.ASCII)
        if not match:
            raise UsageError(
                f"got {part!r:.80} in --seeds, expected whole numbers from 0 and ranges: 0-99,7; "
                "or npz files of --like"
            )
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise UsageError(f"got {part.strip()} in --seeds, which ends before it starts")
        if last - first + len(seeds) >= MOST_SEEDS:
            raise UsageError(f"got more than {MOST_SEEDS:,} seeds in --seeds")
        seeds.update(dict.fromkeys(range(first, last + 1)))
    return list(seeds)
