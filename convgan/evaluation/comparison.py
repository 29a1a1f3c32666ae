"""Provenance recorded with every result, and which runs compare: those measured alike."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from convgan.config import differing
from convgan.data import Dataset, ImageSet
from convgan.errors import UsageError
from convgan.evaluation.evaluator import Evaluator
from convgan.evaluation.reference import protocols
from convgan.hardware import versions
from convgan.runs import now
from convgan.runs.evaluations import MeasuredOn, Protocol, Provenance

SEED = 0
"""Of the latent vectors and of all draws: the same for every run."""


def provenance(name: str, test: ImageSet) -> Provenance:
    """Return whose number it is, on which images, made when and with what."""
    data = MeasuredOn(name=test.name, origin=test.origin, sha256=test.fingerprint)
    return Provenance(run=name, data=data, made=now(), versions=versions())


def protocol(
    evaluator: Evaluator,
    dataset: Dataset,
    generated: int,
    *,
    metrics: Collection[str],
    svm: tuple[int, int] = (0, 0),
) -> Protocol:
    """Return how so many generated images are measured; `metrics` are the optional ones.

    `svm` are the numbers of labels and of draws.
    """
    train, test = dataset.train, dataset.test
    return Protocol(
        evaluator=evaluator.name,
        evaluator_sha256=evaluator.sha256,
        feature_dimension=evaluator.dimension,
        data=test.name,
        train_sha256=train.fingerprint,
        test_sha256=test.fingerprint,
        generated=generated,
        test=len(test),
        train=len(train),
        reference=min(generated, len(train)),
        svm_labels=svm[0],
        svm_draws=svm[1],
        seed=SEED,
        metrics=protocols(metrics),
    )


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
