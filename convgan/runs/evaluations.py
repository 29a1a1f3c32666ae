"""What `eval/*.json` may say: the results of `convgan eval`, typed, and validated when read."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, JsonValue

from convgan.config.training import View
from convgan.runs.json_file import read_json, validated, write_json
from convgan.runs.run import Run

Direction = Literal["lower", "higher", "as real"]
"""Which values are better; `as real`: those near the reference."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False, extra="ignore")


class MetricResult(_Part):
    """One number about generated images."""

    name: str
    """What programs call it; no other result has it."""
    title: str
    """What people call it."""
    meaning: str = ""
    """What it says, in a sentence for somebody who meets it for the first time."""
    value: float
    """Finite."""
    direction: Direction
    standard_error: float | None = None
    """That of drawing other images of the same generator, where it is known."""
    reference: float | None = None
    """What real images score, where that is measured."""
    details: dict[str, JsonValue] = {}
    """What the number was made of."""


class ClassFractions(_Part):
    """Fractions of images that a classifier takes for each class, by the classes' names.

    Of the classes that occur, the missing ones are never made, the rare ones less than a tenth as
    often; beyond chance, some are made more than twice or less than half as often.
    """

    generated: dict[str, float]
    real: dict[str, float]
    missing: list[str]
    rare: list[str]
    often: list[str]
    seldom: list[str]


class MeasuredOn(_Part):
    """Which images a result was measured on."""

    name: str
    origin: str
    sha256: str


class Provenance(_Part):
    """What is recorded with every result."""

    run: str
    data: MeasuredOn
    made: str
    versions: dict[str, str]


class Protocol(_Part):
    """What must agree for two values to be compared; no SVM has 0 labels.

    The reference values are measured with `reference` training images; `metrics` is what each
    metric says of itself, by `metric.key`.
    """

    evaluator: str
    evaluator_sha256: str
    feature_dimension: int
    data: str
    train_sha256: str
    test_sha256: str
    generated: int
    test: int
    train: int
    reference: int
    svm_labels: int
    svm_draws: int
    seed: int
    metrics: dict[str, JsonValue]

    def flat(self) -> dict[str, JsonValue]:
        """Return all of it by name, what metrics say beside the rest."""
        return self.model_dump(exclude={"metrics"}) | self.metrics


class Checkpoint(_Part):
    """Which of a run's generators was measured."""

    which: Literal["best", "last", "raw"]
    epoch: int | None
    step: int | None


class CheckpointDistance(_Part):
    """Fréchet distance of one checkpoint's generator; `epoch` may be a fraction."""

    step: int
    epoch: float
    frechet: MetricResult


class SvmResult(_Part):
    """A linear SVM's accuracy (fraction) on test features; the mean over the draws of labels."""

    accuracy: float
    accuracy_95: tuple[float, float] | None = None
    deviation: float | None = None
    labels: int
    draws: int = 1
    c: list[float]
    dimension: int
    test_count: int


class DiscriminatorResult(_Part):
    """SVMs on the discriminator's features, on those of an untrained one, and on raw pixels."""

    trained: SvmResult
    untrained: SvmResult
    pixels: SvmResult


class Finding(_Part):
    """One fault: a name that stays the same for programs, and what was seen and what to try."""

    name: str
    text: str


class ImagesEvaluation(_Part):
    """Images against the real ones; None for what needs classes, where there are none."""

    provenance: Provenance
    evaluator_accuracy: float | None
    protocol: Protocol
    metrics: list[MetricResult]
    classes: ClassFractions | None

    def metric(self, name: str) -> MetricResult | None:
        """Return the result of this name, if there is one."""
        return next((result for result in self.metrics if result.name == name), None)


class GeneratorEvaluation(ImagesEvaluation):
    """`eval/generator.json`: generated images against the test images."""

    file: ClassVar[str] = "eval/generator.json"
    checkpoint: Checkpoint
    verdict: str
    findings: list[Finding]
    discriminator: DiscriminatorResult | None
    checkpoints: list[CheckpointDistance] = []


class ClassScores(_Part):
    """A classifier's numbers for one class (fractions); None where undefined."""

    precision: float | None
    recall: float | None
    f1: float | None
    count: int


class Classification(_Part):
    """How good a classifier's predictions are: fractions, and the mean cross-entropy in nats.

    The rows of the confusion matrix are true classes, its columns predicted ones.
    """

    count: int
    accuracy: float
    accuracy_95: tuple[float, float]
    loss: float
    expected_calibration_error: float
    classes: dict[str, ClassScores]
    confusion_matrix: list[list[int]]


class ClassifierEvaluation(Classification):
    """`eval/classifier.json`: a classifier on the test set."""

    file: ClassVar[str] = "eval/classifier.json"
    provenance: Provenance
    views: tuple[View, ...]
    """What was seen in addition to each image, for the mean of the logits."""
    temperature: float | None = None
    calibrated_error: float | None = None
    """The calibration error of the logits divided by the temperature, which held-out images gave;
    None without these."""
    epoch: int | None
    step: int | None


Evaluation: TypeAlias = GeneratorEvaluation | ClassifierEvaluation


def write_evaluation(folder: Path, evaluation: Evaluation) -> None:
    """Write the result into a run's folder.

    Raises:
        RunError: the file cannot be written.
    """
    write_json(folder / evaluation.file, evaluation.model_dump(mode="json"))


def read_evaluation(run: Run) -> Evaluation | None:
    """Return what `eval` found of a run, or None before it was asked.

    Raises:
        DataError: the file is not what `eval` writes.
    """
    classified = run.task == "classifier"
    kind: type[Evaluation] = ClassifierEvaluation if classified else GeneratorEvaluation
    path = run.folder / kind.file
    if not path.is_file():
        return None
    wrong = f"{path} is not what eval writes (make it anew with: convgan eval {run.folder})"
    return validated(read_json(path), kind, wrong)
