"""Provenance recorded with every result, and which runs compare: those measured alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convgan.data import ImageSet
from convgan.errors import UsageError
from convgan.hardware import versions
from convgan.runs import Run, now
from convgan.runs.evaluations import DataSource, Protocol, Provenance


def provenance(run: Run, test: ImageSet) -> Provenance:
    """Return whose number it is, on which images, made when and with what."""
    data = DataSource(name=test.name, origin=test.origin, sha256=test.fingerprint)
    return Provenance(run=run.name, data=data, made=now(), versions=versions())


def check_same_data(runs: Sequence[Run]) -> None:
    """Compare what the runs' manifests say of their images.

    Raises:
        UsageError: two runs are of other images, and so do not compare.
    """
    for run in runs[1:]:
        _check(runs[0].name, _data(runs[0]), run.name, _data(run))


def check_same_protocol(protocols: Mapping[str, Protocol]) -> None:
    """Compare how generators are going to be measured, by their runs' names.

    Raises:
        UsageError: two are not measured by one protocol.
    """
    flat = {
        name: protocol.model_dump(exclude={"metrics"}) | protocol.metrics
        for name, protocol in protocols.items()
    }
    first, *others = flat
    for other in others:
        _check(first, flat[first], other, flat[other])


def _data(run: Run) -> dict[str, object]:
    data = run.manifest.get("data") or {}
    return {
        f"{part} {key}": data[part][key] for part in ("train", "test") if part in data
        for key in ("count", "sha256")
    }  # fmt: skip


def _check(one: str, its: Mapping[str, object], other: str, others: Mapping[str, object]) -> None:
    differing = [
        f"{key}: {its[key]} and {others[key]}"
        for key in its.keys() & others.keys()
        if its[key] != others[key]
    ]
    if differing:
        raise UsageError(
            f"{one} and {other} are not measured by one protocol and do not compare: "
            f"{'; '.join(sorted(differing))}. Measure each one for itself"
        )
