"""convgan trains image classifiers and GANs from the command line.

In Python, `convgan.load_run(path)` is a trained run (docs/notebook.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from convgan.loaded_run import LoadedRun

__version__ = "0.1.0"


def load_run(path: str | Path, out: str | Path = "outputs") -> LoadedRun:
    """Return a run by its folder, or by its name in `out`; see `LoadedRun`."""
    from convgan.loaded_run import LoadedRun  # noqa: PLC0415  (TensorFlow is imported with it)

    return LoadedRun(path, out)
