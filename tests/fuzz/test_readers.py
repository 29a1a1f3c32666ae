"""Some hundred damaged inputs for each reader, and the bookkeeping that judges them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convgan.errors import ConvganError

from .readers import READERS, Reader
from .trial import Tally, attempt, inputs

COUNTS = {"network": 50}  # of which Keras takes some milliseconds each


@pytest.mark.parametrize("name", READERS)
def test_every_input_is_read_or_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "read").mkdir()
    reader, tally = READERS[name], Tally()
    corpus = reader.corpus(tmp_path / "made")
    count = COUNTS.get(name, 200)
    for number, content in enumerate(islice(inputs(reader, corpus, seed=1), count)):
        wrong = attempt(reader, content, tmp_path / "read", tally)
        assert wrong is None, f"input {number}, {content!r:.500}: {wrong}"
    assert set(tally.refused) <= _names(ConvganError)
    assert tally.accepted >= len(corpus) - (name == "cache")


def _names(kind: type) -> set[str]:
    return {kind.__name__}.union(*map(_names, kind.__subclasses__()))


def test_the_same_seed_makes_the_same_inputs(tmp_path: Path) -> None:
    for name in set(READERS) - {"network"}:
        reader = READERS[name]
        corpus = reader.corpus(tmp_path)
        one, same, other = (list(islice(inputs(reader, corpus, seed=s), 50)) for s in (1, 1, 2))
        assert one == same != other
        assert one[: len(corpus)] == corpus


def judged(tmp_path: Path, read: Any) -> tuple[str | None, Tally]:
    tally = Tally()
    return attempt(Reader(lambda _: [], read), b"", tmp_path, tally), tally


def failing(error: Exception) -> Any:
    def read(*_: Any) -> None:
        raise error

    return read


def test_a_value_error_is_an_answer_and_another_is_not(tmp_path: Path) -> None:
    wrong, tally = judged(tmp_path, failing(UnicodeError("odd")))
    assert wrong is None
    assert tally.refused == {"UnicodeError": 1}
    wrong, tally = judged(tmp_path, failing(KeyError("odd")))
    assert wrong == "KeyError: 'odd'"
    assert "1 inputs, 0 accepted, refused: KeyError 1" in str(tally)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")
def test_memory_that_is_free_again_is_seen(tmp_path: Path) -> None:
    wrong, tally = judged(tmp_path, lambda *_: np.ones(210_000_000, np.uint8).sum())
    assert wrong is not None
    assert wrong.startswith("it took 21")
    assert tally.accepted == 1
