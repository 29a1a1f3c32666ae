"""Seeds as the command line lists them, and latent vectors in an npz file, which stands for one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convgan.data.npz import read_members, write_npz
from convgan.errors import DataError, UsageError

MOST_SEEDS = 1_000_000
_LARGEST = 1000.0  # of a latent value; a normal law has none beyond 10


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


@dataclass(frozen=True, eq=False)
class Latents:
    """Latent vectors `z` (N, latent_dim), and for a conditional generator `labels`, (N,)."""

    z: NDArray[np.float32]
    labels: NDArray[np.int64] | None


def join_latents(parts: Sequence[Latents]) -> Latents:
    """Return all in one; all have labels, or none has."""
    labels = [part.labels for part in parts if part.labels is not None]
    return Latents(
        np.concatenate([part.z for part in parts]), np.concatenate(labels) if labels else None
    )


def write_latents(path: Path, latents: Latents) -> None:
    """Write them whole, or leave what was there.

    Raises:
        RunError: the file cannot be written.
    """
    labels = {} if latents.labels is None else {"labels": latents.labels}
    write_npz(path, {"z": latents.z, **labels})


def read_latents(path: Path, latent_dim: int, num_classes: int) -> Latents:
    """Read what `write_latents` wrote, for a generator of this form; 0 classes: it is given none.

    Raises:
        DataError: the file is missing, damaged or hostile, or another generator's.
    """
    found = read_members(path, {"z": "float32"} | ({"labels": "int64"} if num_classes else {}))
    z, labels = found["z"], found.get("labels")
    if z.shape[1:] != (latent_dim,):
        raise DataError(f"{path}: z is of {z.shape}, this generator takes (N, {latent_dim})")
    if not np.abs(z).max() <= _LARGEST:  # nor is NaN
        raise DataError(f"{path}: z has values that are no numbers or beyond ±{_LARGEST:g}")
    if labels is not None and labels.shape != (len(z),):
        raise DataError(f"{path}: labels is of {labels.shape}, expected ({len(z)},) as z")
    if labels is not None and not ((labels >= 0) & (labels < num_classes)).all():
        raise DataError(f"{path}: labels has numbers outside 0 to {num_classes - 1}, the classes")
    return Latents(z, labels)
