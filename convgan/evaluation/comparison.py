"""Which runs may be compared: those whose numbers mean the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convgan.errors import UsageError
from convgan.evaluation.generator import Subject
from convgan.runs import Run


def check_same_data(runs: Sequence[Run]) -> None:
    """Compare what the runs' manifests say of their images.

    Raises:
        UsageError: two runs are of other images, and so do not compare.
    """
    for run in runs[1:]:
        _check(runs[0].name, _data(runs[0]), run.name, _data(run))


def check_same_protocol(subjects: Sequence[Subject]) -> None:
    """Compare how generators are going to be measured.

    Raises:
        UsageError: two are not measured by one protocol.
    """
    first = subjects[0]
    for other in subjects[1:]:
        _check(first.run.name, _flat(first), other.run.name, _flat(other))


def _flat(subject: Subject) -> dict[str, object]:
    protocol = subject.protocol
    return protocol.model_dump(exclude={"metrics"}) | protocol.metrics


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
