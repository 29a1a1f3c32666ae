"""The tables of `eval`: which value of a comparison is called better."""

from __future__ import annotations

import pytest

from convgan.reporting.evaluation_tables import _beats
from convgan.runs.evaluations import Direction, MetricResult


def result(
    value: float, direction: Direction, error: float | None = None, real: float | None = None
) -> MetricResult:
    return MetricResult(
        name="a", title="a", value=value, direction=direction, standard_error=error, reference=real
    )


@pytest.mark.parametrize(
    ("direction", "one", "other", "better"),
    [
        ("lower", 3.0, 4.0, True),
        ("lower", 4.0, 3.0, False),
        ("higher", 4.0, 3.0, True),
        ("higher", 3.0, 4.0, False),
        ("higher", 3.0, 3.0, False),
        ("higher", 3.0001, 3.0, False),  # the table shows 3.00 twice
        ("as real", 0.4, 0.9, True),  # 0.5 is real
        ("as real", 0.6, 0.55, False),
    ],
)
def test_the_direction_says_what_is_better(
    direction: Direction, one: float, other: float, better: bool
) -> None:
    values = [result(value, direction, real=0.5) for value in (one, other)]
    assert _beats(*values) == better


def test_a_number_as_real_without_a_reference_is_never_better() -> None:
    assert not _beats(result(1, "as real"), result(2, "as real"))


@pytest.mark.parametrize(("difference", "better"), [(0.9, False), (1.1, True)])
def test_a_difference_within_the_errors_is_none(difference: float, better: bool) -> None:
    """Twice the root of 0.3² + 0.4² is 1."""
    one, other = result(5, "lower", 0.3), result(5 + difference, "lower", 0.4)
    assert _beats(one, other) == better
