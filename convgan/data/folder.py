"""Your own pictures: a folder of them, or one folder per class.

<folder>/train/<class>/*  and  <folder>/test/<class>/*
<folder>/<class>/*        every tenth picture of a class is a test picture
<folder>/*                the same, without labels
"""

from __future__ import annotations

import logging
from itertools import zip_longest
from pathlib import Path

import numpy as np

from convgan.config import DataConfig
from convgan.data.decoding import decode
from convgan.data.image_set import Dataset, ImageSet
from convgan.data.source import DataSource
from convgan.errors import DataError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"})
_TEST_EVERY = 10

logger = logging.getLogger("convgan")

Classes = dict[str, list[Path]]
"""A class's pictures under its name, sorted; the one name "" where there are no classes."""


class Folder(DataSource):
    """The pictures in `data.folder`, all decoded to one size and number of channels.

    Training pictures take turns by class, so that `data.limit` keeps the classes balanced.
    """

    origin = "own pictures"
    licence = "as the owner says"

    def check(self, section: DataConfig) -> None:
        """A folder must be named."""
        if section.folder is None:
            raise ValueError(
                f"name {section.name!r} needs data.folder, the folder of your pictures"
            )

    def identity(self, section: DataConfig) -> str:
        """Two folders are two data sets, however each is written."""
        return str(Path(str(section.folder)).expanduser().resolve())

    def read(self, section: DataConfig) -> Dataset:
        """Return the pictures, of which only those within `limit` are decoded.

        Raises:
            DataError: the folder has no pictures, or not in one of the layouts above, or a
                picture is corrupt, or sizes differ and no data.image_size is given.
        """
        self.check(section)
        root = _root(Path(str(section.folder)))
        train, test = _split(root)
        names = tuple(name for name in train if name)
        chosen = _take_turns(train)[: section.limit]
        count = len(chosen)
        chosen += _take_turns(test)
        paths = [path for _, path in chosen]
        images = decode(root, paths, size=section.image_size, channels=section.channels)
        labels = np.array([names.index(name) for name, _ in chosen], np.int64) if names else None
        whole = ImageSet(images, labels, names, section.name, f"own pictures, from {root}")
        return Dataset(whole.head(count), whole.take(slice(count, None)))


def _root(folder: Path) -> Path:
    try:
        root = folder.expanduser()
        if not root.is_dir():
            raise DataError(f"data.folder {str(root)!r} is not a folder")
        return root.resolve()
    except (OSError, RuntimeError) as error:  # RuntimeError: no such ~user
        raise DataError(f"data.folder {str(folder)!r} cannot be read: {error}") from error


def _split(root: Path) -> tuple[Classes, Classes]:
    """Training and test pictures: as the folders say, or else every tenth for the test."""
    for part in (root / "train", root / "test"):
        if _leads_out(part, root):
            raise DataError(
                f"{part} is a link to outside of {root}; give data.folder the folder "
                "that holds both, or copy the pictures"
            )
    has_train, has_test = (root / "train").is_dir(), (root / "test").is_dir()
    if has_test and not has_train:
        raise DataError(f"{root} has a folder test/ but no train/; make train/ beside it")
    train = _scan(root / "train" if has_train else root, root)
    if not has_test:
        return _split_off_test(train)
    test = _scan(root / "test", root)
    if unknown := test.keys() - train.keys():
        raise DataError(
            f"{root}: test/ has the classes {sorted(unknown)}, which train/ does not have; "
            "both need the same subfolders"
        )
    return train, test


def _split_off_test(classes: Classes) -> tuple[Classes, Classes]:
    train: Classes = {}
    test: Classes = {}
    for name, paths in classes.items():
        if len(paths) < 2:
            raise DataError(
                f"{paths[0].parent} has only one picture; at least two are needed, "
                "one to train with and one to test with"
            )
        # A class of fewer than ten gives its last one.
        chosen = set(paths[_TEST_EVERY - 1 :: _TEST_EVERY] or paths[-1:])
        train[name] = [path for path in paths if path not in chosen]
        test[name] = [path for path in paths if path in chosen]
    return train, test


def _scan(folder: Path, root: Path) -> Classes:
    """The classes in a folder, sorted by name, each with at least one picture."""
    entries = _visible(folder, root)
    loose = _pictures(entries)
    classes = {
        path.name: pictures
        for path in entries
        if path.is_dir() and (pictures := _pictures(_visible(path, root)))
    }
    if loose and classes:
        raise DataError(
            f"{folder} has pictures ({loose[0].name}, ...) beside folders of pictures "
            f"({next(iter(classes))}/, ...); either all are in one folder per class, or none is"
        )
    if not loose and not classes:
        raise DataError(
            f"{folder} holds no pictures, neither directly nor in a subfolder for each class; "
            f"looked for {', '.join(sorted(SUFFIXES))}"
        )
    return classes or {"": loose}


def _pictures(entries: list[Path]) -> list[Path]:
    return [path for path in entries if path.suffix.lower() in SUFFIXES and path.is_file()]


def _visible(folder: Path, root: Path) -> list[Path]:
    """What is in a folder, by name, without hidden files and links that lead out of the root."""
    try:
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror or error}") from error
    leading_out = [path for path in entries if _leads_out(path, root)]
    for path in leading_out:
        logger.warning("%s is left out: it is a link to outside of %s", path, root)
    return [path for path in entries if path not in leading_out]


def _leads_out(path: Path, root: Path) -> bool:
    """Whether this is a link that leads to outside of the root, or nowhere."""
    if not path.is_symlink():
        return False
    try:
        return not path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # links that go round in a circle
        return True


def _take_turns(classes: Classes) -> list[tuple[str, Path]]:
    """(class, picture): the first of each class, then the second of each, and so on."""
    names = list(classes)
    return [
        (name, path)
        for turn in zip_longest(*classes.values())
        for name, path in zip(names, turn, strict=True)
        if path is not None
    ]
