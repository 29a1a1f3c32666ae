"""Where data may lie on this machine; nothing here is read or made."""

from __future__ import annotations

import os
import sys
from pathlib import Path

SYSTEM_PREFIXES = (Path(sys.prefix), Path("/usr/local"), Path("/usr"))


def convgan_cache() -> Path:
    """convgan's own folder for downloads and decoded pictures.

    By the XDG base directory specification, which has a relative XDG_CACHE_HOME ignored.
    """
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(chosen) if Path(chosen).is_absolute() else Path.home() / ".cache"
    return base / "convgan"


def keras_datasets() -> Path:
    """The folder that `keras.datasets` downloads into."""
    chosen = os.environ.get("KERAS_HOME")
    return (Path(chosen) if chosen else Path.home() / ".keras") / "datasets"


def system_folders(name: str) -> list[Path]:
    """Where the operating system's packages put a data set, the nearest first."""
    return [prefix / "share" / "datasets" / name for prefix in dict.fromkeys(SYSTEM_PREFIXES)]
