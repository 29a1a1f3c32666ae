"""Provenance recorded with every result, and which runs compare: those measured alike."""

from __future__ import annotations

from collections.abc import Sequence

from convgan.config import differing
from convgan.data import ImageSet
from convgan.errors import UsageError
from convgan.hardware import versions
from convgan.runs import Run, now
from convgan.runs.evaluations import MeasuredOn, Protocol, Provenance


def provenance(run: Run, test: ImageSet) -> Provenance:
    """Return whose number it is, on which images, made when and with what."""
    data = MeasuredOn(name=test.name, origin=test.origin, sha256=test.fingerprint)
    return Provenance(run=run.name, data=data, made=now(), versions=versions())


def check_same_protocol(protocols: Sequence[tuple[str, Protocol]]) -> None:
    """Compare how generators are going to be measured, by their runs' names.

    Raises:
        UsageError: two are not measured by one protocol.
    """
    first, wanted = protocols[0][0], protocols[0][1].flat()
    for other, protocol in protocols[1:]:
        found = protocol.flat()
        if keys := sorted(differing(wanted, found)):
            said = "; ".join(f"{key}: {wanted.get(key)} and {found.get(key)}" for key in keys)
            raise UsageError(
                f"{first} and {other} are not measured by one protocol and do not compare: "
                f"{said}. Measure each one for itself"
            )
