"""Provenance recorded with every result."""

from __future__ import annotations

from convgan.data import ImageSet
from convgan.hardware import versions
from convgan.runs import Run, now
from convgan.runs.evaluations import DataSource, Provenance


def provenance(run: Run, test: ImageSet) -> Provenance:
    """Return whose number it is, on which images, made when and with what."""
    data = DataSource(name=test.name, origin=test.origin, sha256=test.fingerprint)
    return Provenance(run=run.name, data=data, made=now(), versions=versions())
