"""Which of your own pictures train and which test, and in which order: of files as of arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TypeVar

from convgan.errors import DataError

_TEST_EVERY = 10

Picture = TypeVar("Picture")


def split_off_test(
    classes: Mapping[str, Sequence[Picture]], where: str
) -> tuple[dict[str, list[Picture]], dict[str, list[Picture]]]:
    """Return training and test pictures by class: every tenth of a class is for the test.

    Raises:
        DataError: a class has only one picture.
    """
    train, test = {}, {}
    for name, pictures in classes.items():
        if len(pictures) < 2:
            raise DataError(
                f"{where}{f', class {name!r},' if name else ''} has only one picture; at least two "
                "are needed, one to train with and one to test with"
            )
        # A class of fewer than ten gives its last one.
        chosen = range(len(pictures))[_TEST_EVERY - 1 :: _TEST_EVERY] or [len(pictures) - 1]
        test[name] = [pictures[i] for i in chosen]
        train[name] = [picture for i, picture in enumerate(pictures) if i not in chosen]
    return train, test


def take_turns(classes: Mapping[str, Sequence[Picture]]) -> list[tuple[str, Picture]]:
    """Return (class, picture): the first of each class, then the second of each, and so on."""
    return [
        (name, picture)
        for turn in zip_longest(*classes.values())
        for name, picture in zip(classes, turn, strict=True)
        if picture is not None
    ]
