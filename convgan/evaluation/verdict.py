"""What class fractions, recall and coverage say together of a generator's variety, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from convgan.runs.evaluations import ClassFractions, MetricResult

if TYPE_CHECKING:
    from convgan.config.training import GanTrainConfig

# Parts of what as many real images score, so that numbers of images and features cancel.
NEAR = 0.9  # with 10,000 images two draws of real ones differ by 1 % or so, hardly by 10 %
LITTLE = 0.5  # less than half of the real images have a generated one near them


def advised_penalty(train: GanTrainConfig) -> str:
    """Return what to try about the penalty, in words: a first one, or a larger weight."""
    if train.penalty is None:
        return "a penalty (train.penalty r1)"
    return f"a larger train.penalty.weight (now {train.penalty.weight:g})"


def missing_classes(classes: ClassFractions, train: GanTrainConfig) -> str | None:
    """Say which classes are missing or nearly so, and what to try; None where none is."""
    parts = []
    if classes.missing:
        parts.append(f"never makes {', '.join(classes.missing)}")
    if classes.rare:
        parts.append(f"hardly ever makes {', '.join(classes.rare)}")
    if not parts:
        return None
    expected = _expected(classes)
    made = expected - len(classes.missing) - len(classes.rare)
    return (
        f"Mode collapse: the generator makes {made} of {expected} classes; it "
        f"{' and '.join(parts)}. {_advice(train)}"
    )


def verdict(
    classes: ClassFractions | None, results: Sequence[MetricResult], train: GanTrainConfig
) -> str:
    """Describe the variety by classes, if any, recall and coverage, each beside its reference.

    "No sign of mode collapse" is said only where all classes are made about as often as they
    occur, and recall and coverage come near those of real images.
    """
    measured = [each for each in results if each.name in {"recall", "coverage"} and each.reference]
    worst = min((_ratio(each) for each in measured), default=None)
    if classes is None:
        if worst is None:
            return "The variety was not measured."
        if worst < LITTLE:
            blur = (
                "It may be mode collapse, or blur, which has such numbers too: look at the samples."
            )
            why = _why(results, blur)
            return f"Most of the variety is missing: {_beside(measured)}. {why} {_advice(train)}"
        if worst < NEAR:
            return f"There is less variety than real images have: {_beside(measured)}."
        return "The variety comes near that of real images: no sign of mode collapse."
    uneven = _uneven(classes)
    all_there = f"All {_expected(classes)} classes are there"
    if missing := missing_classes(classes, train):
        variety = f"{missing} {_beside(measured).capitalize()}." if measured else missing
    elif worst is None:
        variety = f"{all_there}; the variety within them was not measured."
    elif worst < LITTLE:
        variety = (
            f"{all_there}, but not their variety: {_beside(measured)}. "
            f"{_why(results, 'It is mode collapse within the classes.')} {_advice(train)}"
        )
    elif worst < NEAR:
        variety = f"{all_there}, with less variety than real images have: {_beside(measured)}."
    else:
        clear = "" if uneven else ": no sign of mode collapse"
        variety = f"{all_there}, and their variety comes near that of real images{clear}."
    return f"{variety} {uneven}".strip()


def _advice(train: GanTrainConfig) -> str:
    penalty = advised_penalty(train)
    return f"Try more epochs or images, {penalty}, lower learning rates, or another seed."


def _why(results: Sequence[MetricResult], otherwise: str) -> str:
    """Say whether low recall can come from images that are like no real ones."""
    precision = next((each for each in results if each.name == "precision"), None)
    if precision and precision.reference and _ratio(precision) < LITTLE:
        return (
            "Few images are like real ones "
            f"({_beside([precision])}), which hides whether they differ from one another."
        )
    return otherwise


def _uneven(classes: ClassFractions) -> str:
    sides = (("too often", classes.often), ("too seldom", classes.seldom))
    parts = [
        f"{how}: "
        + ", ".join(
            f"{name} ({classes.generated[name]:.0%}, real {classes.real[name]:.0%})"
            for name in names
        )
        for how, names in sides
        if names
    ]
    return f"Made {'; '.join(parts)}." if parts else ""


def _beside(results: Sequence[MetricResult]) -> str:
    values = " and ".join(f"{each.title} {each.value:.2f}" for each in results)
    references = " and ".join(f"{each.reference:.2f}" for each in results)
    return f"{values}, where real images have {references}"


def _ratio(result: MetricResult) -> float:
    return result.value / (result.reference or 1.0)


def _expected(classes: ClassFractions) -> int:
    return sum(fraction > 0 for fraction in classes.real.values())
