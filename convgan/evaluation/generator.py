"""A DCGAN run's generator, measured: how near, how varied, what is missing, what D has learned."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from convgan.config import GanRunConfig
from convgan.data import Dataset
from convgan.errors import UsageError
from convgan.evaluation.comparison import SEED, protocol, provenance
from convgan.evaluation.diagnosis import Samples, diagnose
from convgan.evaluation.discriminator import SVM_DRAWS, SVM_IMAGES, measure_discriminator
from convgan.evaluation.evaluator import Evaluator
from convgan.evaluation.metric import Evidence
from convgan.evaluation.metrics.class_agreement import class_faults
from convgan.evaluation.metrics.class_fractions import classes_of
from convgan.evaluation.reference import Reference, measure
from convgan.evaluation.verdict import verdict
from convgan.runs import Run
from convgan.runs.evaluations import (
    Checkpoint,
    ClassFractions,
    Finding,
    GeneratorEvaluation,
    ImagesEvaluation,
    Protocol,
    Provenance,
)

Which = Literal["best", "last", "raw"]
SAMPLES = 10_000
_DIAGNOSED = 100  # images that the diagnosis looks at
_MISSING = {
    "best": "kept no best generator: it was trained with train.evaluate_every 0, or with too few "
    "held-out images (data.validation)",
    "raw": "has no generator without average: it was trained with train.ema_decay 0, so that the "
    "last one is it",
}


@dataclass(frozen=True)
class EvalOptions:
    """What is asked about generators; None where nothing is said."""

    out: Path
    """Where classifier runs are looked for."""
    evaluator: str | None = None
    """A classifier run's folder or name, instead of the network that comes with convgan."""
    samples: int | None = None
    """Generated images; else 10,000."""
    which: Which | None = None
    """The best epoch's generator or the last one's; else the best, where one was kept."""
    labels: int | None = None
    """How many labelled images the SVM learns from; else 10,000, once."""
    extrapolate: bool | None = None
    all_checkpoints: bool | None = None

    @property
    def metrics(self) -> list[str]:
        """Which optional metrics are asked for."""
        return ["extrapolate"] if self.extrapolate else []


@dataclass(frozen=True, eq=False)
class Subject:
    """A generator, in the file `network`, that is to be measured: all that is known before.

    Raises:
        UsageError: too few images are asked for, or too many labels, or there are none.
    """

    run: Run
    config: GanRunConfig
    dataset: Dataset
    evaluator: Evaluator
    network: Path
    checkpoint: Checkpoint
    options: EvalOptions

    def __post_init__(self) -> None:
        train, dimension = self.dataset.train, self.evaluator.dimension
        samples, labels = self.samples, self.options.labels
        if labels and not self.has_classes:
            raise UsageError(
                f"--labels: {train.origin} has no classes. Leave it out, or give one folder per "
                "class"
            )
        if samples <= dimension:
            raise UsageError(
                f"--samples {samples} are too few: a Fréchet distance of {dimension} "
                f"features needs more than {dimension} images"
            )
        if labels and labels > len(train):
            raise UsageError(f"--labels {labels} are too many: there are {len(train)}")

    @property
    def has_classes(self) -> bool:
        """Whether there are classes that an SVM could tell apart."""
        return len(self.dataset.train.class_names) > 1

    @property
    def samples(self) -> int:
        """How many images the generator makes."""
        return SAMPLES if self.options.samples is None else self.options.samples

    @property
    def protocol(self) -> Protocol:
        """What must agree for two numbers to be compared."""
        count, labels = min(SVM_IMAGES, len(self.dataset.train)), self.options.labels
        svm = (count, 1) if labels is None else (labels, SVM_DRAWS)
        return protocol(
            self.evaluator, self.dataset, self.samples,
            metrics=self.options.metrics, svm=svm if self.has_classes else (0, 0),
        )  # fmt: skip


def choose_generator(run: Run, which: Which | None) -> tuple[Path, Checkpoint]:
    """Return the generator's file, and which it is.

    The best by held-out images, the last, or the last without the average of its weights.

    Raises:
        UsageError: the best or the one without average is asked for, and none was kept.
    """
    files = {"best": "generator-best", "last": "generator", "raw": "generator_raw"}
    paths = {name: run.folder / "model" / f"{file}.safetensors" for name, file in files.items()}
    chosen: Which = which or ("best" if paths["best"].is_file() else "last")
    if chosen in _MISSING and not paths[chosen].is_file():
        raise UsageError(f"{run.folder} {_MISSING[chosen]}. Use --which last")
    made: dict[str, Any] = run.manifest.get("best" if chosen == "best" else "results") or {}
    return paths[chosen], Checkpoint(which=chosen, epoch=made.get("epoch"), step=made.get("step"))


def evaluate_generator(
    subject: Subject, images: NDArray[np.uint8], evidence: Evidence, reference: Reference
) -> GeneratorEvaluation:
    """Measure generated images (N, H, W, C), as the evaluator sees them, and the discriminator.

    Raises:
        UsageError: there are too few images or labels for a number that is asked for.
        DataError: the discriminator is missing or damaged.
    """
    run, config, dataset = subject.run, subject.config, subject.dataset
    labels, discriminator = subject.options.labels, None
    if subject.has_classes:
        discriminator = measure_discriminator(run, config, dataset, labels, seed=SEED)
    measured = measure_images(
        evidence, reference, subject.protocol, provenance(run.name, dataset.test),
        subject.options.metrics,
    )  # fmt: skip
    classes = measured.classes
    return GeneratorEvaluation(
        **dict(measured),
        checkpoint=subject.checkpoint,
        verdict=verdict(classes, measured.metrics, config.train),
        findings=class_faults(evidence) + _findings(subject, images[:_DIAGNOSED], classes),
        discriminator=discriminator,
    )


def measure_images(
    evidence: Evidence,
    reference: Reference,
    how: Protocol,
    made: Provenance,
    options: Collection[str],
) -> ImagesEvaluation:
    """Measure images by every metric, and count their classes; `options` are optional metrics."""
    return ImagesEvaluation(
        provenance=made,
        evaluator_accuracy=reference.accuracy,
        protocol=how,
        metrics=measure(evidence, reference.values, options=options),
        classes=classes_of(evidence),
    )


def _findings(
    subject: Subject, images: NDArray[np.uint8], classes: ClassFractions | None
) -> list[Finding]:
    """Return what log, samples and classes show to be wrong, and what training warned of."""
    run, checkpoint = subject.run, subject.checkpoint
    samples = Samples(images, checkpoint.step or 0, checkpoint.epoch or 0)
    found = diagnose(run.records(), subject.config.train, samples=[samples], classes=classes)
    findings = {finding.name: finding.text for finding in found}
    for warning in run.manifest.get("warnings", []):
        findings.setdefault(warning["name"], f"While training: {warning['text']}")
    return [Finding(name=name, text=text) for name, text in findings.items()]
