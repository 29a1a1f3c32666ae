"""convgan trains image classifiers and GANs from the command line.

In Python, `convgan.load_run(path)` is a trained run (docs/notebook.md).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from convgan.loaded_run import LoadedRun

__version__ = "0.1.0"

# The convolutions of oneDNN, which TensorFlow takes by itself on AVX-512 only: on AVX2 a step is up
# to a third shorter with them (docs/speed.md). It must stand before TensorFlow is imported.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def load_run(path: str | Path, out: str | Path = "outputs") -> LoadedRun:
    """Return a run by its folder, or by its name in `out`; see `LoadedRun`."""
    from convgan.loaded_run import LoadedRun  # noqa: PLC0415  (TensorFlow is imported with it)

    return LoadedRun(path, out)
