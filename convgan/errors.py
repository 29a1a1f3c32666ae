"""The errors that a user can cause, each with the exit code of the command; and words in them.

A message says what was got, what was expected and what to do next. Anything else that is
raised is a defect of convgan.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class ConvganError(Exception):
    """Base of all errors that are meant for the user."""

    exit_code = 1


class UsageError(ConvganError, ValueError):
    """The command line or the configuration asks for something that cannot be."""

    exit_code = 2


class DataError(ConvganError, ValueError):
    """A file or a data set is missing, damaged or of another form than expected."""

    exit_code = 2


class RunError(ConvganError, RuntimeError):
    """A run that had begun could not go on."""


def counted(number: int, noun: str) -> str:
    """Return `1 epoch`, `2 epochs`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def did_you_mean(word: object, known: Iterable[str], otherwise: str) -> str:
    """Return a question for the name that is near, or what else to say if none is."""
    near = get_close_matches(str(word), list(known), n=1)
    return f"did you mean {near[0]!r}?" if near else otherwise
