"""Tables and messages at every width: aligned, wrapped in a terminal only, no number cut."""

from __future__ import annotations

import io
import logging
import sys

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from convgan.errors import UsageError
from convgan.reporting.report import Table
from convgan.terminal import for_people, format_tables, open_log

LAYERS = Table(
    "generator",
    ("layer", "output", "parameters", "multiply-adds", "sees"),
    [
        ("transposed conv 5×5/2, batch norm", "28×28×64", "1,024,000", "12,345,678", "12×12"),
        ("conv", "14×14×128", "1", "2", "3×3"),
    ],
    footer=[("total", "", "1,024,001", "12,345,680", ""), ("  frozen", "", "12", "", "")],
    note="sees: pixels of the image that one value depends on, padding included",
)
SENTENCE = "All classes are there, and yet the recall is so low that this says little of variety."


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def columns(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("COLUMNS", "60")
    return 60


def test_columns_are_aligned_with_rules_sums_and_a_note() -> None:
    assert format_tables([LAYERS]).splitlines() == [
        "generator",
        "  layer                                 output  parameters  multiply-adds   sees",
        "  ------------------------------------------------------------------------------",
        "  transposed conv 5×5/2, batch norm   28×28×64   1,024,000     12,345,678  12×12",
        "  conv                               14×14×128           1              2    3×3",
        "  ------------------------------------------------------------------------------",
        "  total                                          1,024,001     12,345,680",
        "    frozen                                              12",
        "sees: pixels of the image that one value depends on, padding included",
    ]


def test_a_narrow_terminal_wraps_texts_and_cuts_no_number() -> None:
    assert format_tables([LAYERS], width=66).splitlines()[:6] == [
        "generator",
        "  layer                   output  parameters  multiply-adds   sees",
        "  ----------------------------------------------------------------",
        "  transposed conv       28×28×64   1,024,000     12,345,678  12×12",
        "  5×5/2, batch norm",
        "  conv                 14×14×128           1              2    3×3",
    ]
    for width in range(1, 100):
        words = format_tables([LAYERS], width=width).split()
        assert {"1,024,000", "12,345,678", "28×28×64", "14×14×128"} <= set(words)


CELLS = st.text("ab 1,.%[]é漢", max_size=12)


@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=4),
    header=st.tuples(CELLS, CELLS, CELLS),
    width=st.integers(1, 60),
)
def test_any_table_keeps_its_words_and_numbers(
    rows: list[tuple[str, str, str]], header: tuple[str, str, str], width: int
) -> None:
    text = format_tables([Table("", header, rows)], width=width)
    words = text.split()
    for row in (header, *rows):
        for word in " ".join(row).split():
            assert word in words
    for _, *numbers in rows:
        for number in numbers:
            assert number.strip() in text


def test_sentences_wrap_in_a_terminal_and_never_in_a_pipe(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Table("In words", ("",), [(SENTENCE,)])
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert format_tables([table]).splitlines() == ["In words", f"  {SENTENCE}"]
    monkeypatch.setattr(sys, "stdout", Terminal())
    _, *lines = format_tables([table]).splitlines()
    assert len(lines) == 2
    assert max(map(len, lines)) <= columns
    assert " ".join(" ".join(lines).split()) == SENTENCE


@pytest.mark.parametrize("terminal", [True, False])
def test_errors_wrap_in_a_terminal_but_not_what_is_to_be_pasted(
    terminal: bool, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    paste = f"  --set {'generator.blocks.0.filters=64 ' * 4}".rstrip()
    stream = Terminal() if terminal else io.StringIO()

    @for_people
    def command() -> None:
        raise UsageError(f"{SENTENCE}\n{paste}")

    monkeypatch.setattr(sys, "stderr", stream)
    with pytest.raises(typer.Exit) as caught:
        command()
    assert caught.value.exit_code == 2
    *lines, last = stream.getvalue().splitlines()
    assert last == paste
    assert " ".join(lines) == f"convgan: {SENTENCE}"
    assert (max(map(len, lines)) <= columns) is terminal


def test_warnings_wrap_in_a_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    logger = logging.getLogger("convgan")
    before = logger.handlers, logger.propagate, logger.level
    try:
        open_log()
        logger.warning("%s", SENTENCE)
    finally:
        logger.handlers, logger.propagate = before[:2]
        logger.setLevel(before[2])
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= columns
    assert " ".join(lines) == f"warning: {SENTENCE}"
