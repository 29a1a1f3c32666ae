"""What a number must not stand without."""

from __future__ import annotations

from typing import Any

from convgan.data import ImageSet
from convgan.hardware import versions
from convgan.runs import Run, now


def circumstances(run: Run, test: ImageSet) -> dict[str, Any]:
    """Return whose number it is, on which pictures, made when and with what."""
    return {
        "run": run.name,
        "data": {"name": test.name, "origin": test.origin, "sha256": test.fingerprint},
        "made": now(),
        "versions": versions(),
    }
