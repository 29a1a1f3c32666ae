"""The verdict in words looks at classes, recall and coverage together."""

from __future__ import annotations

import pytest

from convgan.evaluation.verdict import missing_classes, verdict
from convgan.runs.evaluations import ClassFractions, MetricResult
from tests.training.tiny import gan_train as train


def classes(**changes: list[str]) -> ClassFractions:
    lists: dict[str, list[str]] = {"missing": [], "rare": [], "often": [], "seldom": []}
    fractions = {"Bag": 0.72, "Shirt": 0.28}, {"Bag": 0.9, "Shirt": 0.1}
    return ClassFractions(generated=fractions[0], real=fractions[1], **(lists | changes))


def results(**values: tuple[float, float | None]) -> list[MetricResult]:
    return [
        MetricResult(name=name, title=name, value=value, reference=real, direction="higher")
        for name, (value, real) in values.items()
    ]


def test_all_classes_with_little_recall_are_no_all_clear() -> None:
    """It was said of a generator with recall 0.21 beside 0.89, and 28 % shirts."""
    numbers = results(precision=(0.8, 0.89), recall=(0.21, 0.89), coverage=(0.5, 0.97))
    text = verdict(classes(often=["Shirt"]), numbers, train())
    assert "no sign" not in text
    assert "All 2 classes are there, but not their variety: recall 0.21 and coverage 0.50" in text
    assert "mode collapse within the classes" in text
    assert "too often: Shirt (28%, real 10%)" in text


def test_images_that_are_like_no_real_ones_are_not_called_collapsed() -> None:
    numbers = results(precision=(0.1, 0.89), recall=(0.21, 0.89), coverage=(0.5, 0.97))
    text = verdict(classes(), numbers, train())
    assert "precision 0.10, where real images have 0.89" in text
    assert "mode collapse within" not in text


@pytest.mark.parametrize(
    ("recall", "coverage", "precision", "said"),
    [
        (0.88, 0.96, 0.9, "The variety comes near that of real images: no sign of mode collapse."),
        (0.70, 0.96, 0.9, "There is less variety than real images have: recall 0.70"),
        (0.88, 0.40, 0.9, "Most of the variety is missing: recall 0.88 and coverage 0.40, where"),
        (0.21, 0.40, 0.1, "which hides whether they differ from one another. Try more epochs"),
    ],
)
def test_without_classes_recall_and_coverage_speak(
    recall: float, coverage: float, precision: float, said: str
) -> None:
    numbers = results(precision=(precision, 0.89), recall=(recall, 0.89), coverage=(coverage, 0.97))
    text = verdict(None, numbers, train())
    assert said in text
    assert "class" not in text
    assert ("It may be mode collapse, or blur" in text) == (coverage == 0.4 and precision == 0.9)


def test_without_classes_nothing_measured_is_said() -> None:
    assert verdict(None, [], train()) == "The variety was not measured."


@pytest.mark.parametrize(
    ("recall", "coverage", "said"),
    [
        (0.88, 0.96, "comes near that of real images: no sign of mode collapse."),
        (
            0.70,
            0.96,
            "with less variety than real images have: recall 0.70 and coverage 0.96, where",
        ),
        (0.88, 0.60, "with less variety than real images have: recall 0.88"),
        (0.88, 0.40, "but not their variety"),
    ],
)
def test_the_worse_of_recall_and_coverage_decides(
    recall: float, coverage: float, said: str
) -> None:
    numbers = results(precision=(0.9, 0.89), recall=(recall, 0.89), coverage=(coverage, 0.97))
    assert said in verdict(classes(), numbers, train())


def test_uneven_classes_are_no_all_clear_either() -> None:
    numbers = results(recall=(0.89, 0.89), coverage=(0.97, 0.97))
    text = verdict(classes(seldom=["Bag"]), numbers, train())
    assert "no sign" not in text
    assert "too seldom: Bag (72%, real 90%)" in text


def test_missing_classes_come_first() -> None:
    lost = classes(missing=["Shirt"])
    said = missing_classes(lost, train())
    assert said is not None
    assert said.startswith(
        "Mode collapse: the generator makes 1 of 2 classes; it never makes Shirt."
    )
    text = verdict(lost, results(recall=(0.21, 0.89)), train())
    assert text.startswith(said)
    assert "Recall 0.21, where real images have 0.89." in text
    assert missing_classes(classes(), train()) is None
    both = missing_classes(classes(missing=["Shirt"], rare=["Bag"]), train())
    assert "makes 0 of 2 classes; it never makes Shirt and hardly ever makes Bag." in (both or "")


@pytest.mark.parametrize("numbers", [[], results(recall=(0.5, None))])
def test_what_was_not_measured_is_not_judged(numbers: list[MetricResult]) -> None:
    assert verdict(classes(), numbers, train()) == (
        "All 2 classes are there; the variety within them was not measured."
    )


def test_a_penalty_is_advised_only_where_none_is_set() -> None:
    lost, numbers = classes(missing=["Shirt"]), results(recall=(0.1, 0.89))
    assert "a penalty (train.penalty r1)" in verdict(lost, numbers, train())
    penalised = train(penalty={"name": "r1", "weight": 2.5})
    for text in (verdict(lost, [], penalised), verdict(classes(), numbers, penalised)):
        assert "train.penalty r1" not in text
        assert "a larger train.penalty.weight (now 2.5)" in text
