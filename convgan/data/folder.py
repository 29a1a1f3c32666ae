"""Your own pictures: a folder of them, or one folder per class, or a zip archive of these.

<folder>/train/<class>/*  and  <folder>/test/<class>/*
<folder>/<class>/*        every tenth picture of a class is a test picture
<folder>/*                the same, without labels
<file>.npz                arrays, see `own_arrays`
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from convgan.config import DataConfig
from convgan.data.decoding import decode, smaller_sides
from convgan.data.image_set import Dataset, ImageSet
from convgan.data.layout import split_off_test, take_turns
from convgan.data.opening import decoded_picture
from convgan.data.own_arrays import read_own_arrays
from convgan.data.picture_files import PARTS, SUFFIXES, PictureFile, picture_files
from convgan.data.source import DataSource
from convgan.data.survey import Found
from convgan.errors import DataError
from convgan.registry import DATASETS

ARCHIVES = (".zip", ".npz")
_LOOKED_AT = 500

Classes = dict[str, list[PictureFile]]
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
        """Two folders are two data sets, however each is written; so are two ways to fit."""
        fitted = "" if section.fit == "crop" else f", {section.fit}"
        on = "" if section.background == "white" else f", on {section.background}"
        return f"{Path(str(section.folder)).expanduser().resolve()}{fitted}{on}"

    def read(self, section: DataConfig) -> Dataset:
        """Return the pictures, of which only those within `limit` are decoded.

        Raises:
            DataError: the folder has no pictures, or not in one of the layouts above, or a
                picture is corrupt, or sizes differ and no data.image_size is given.
        """
        self.check(section)
        root = _root(Path(str(section.folder)))
        if _is_arrays(root):
            return read_own_arrays(root, section)
        with picture_files(root) as found:
            train, test = _split(found, root)
            names = tuple(name for name in train if name)
            chosen = take_turns(train)[: section.limit]
            count = len(chosen)
            chosen += take_turns(test)
            files = [file for _, file in chosen]
            images, bad = decode(files, section)
        left = [i for i in range(len(files)) if i not in bad]
        labels = np.array([names.index(chosen[i][0]) for i in left], np.int64) if names else None
        whole = ImageSet(images, labels, names, section.name, f"own pictures, from {root}")
        count -= sum(i < count for i in bad)
        left_out = tuple(f"{files[i].path} {why}" for i, why in bad.items())
        return Dataset(whole.head(count), whole.take(slice(count, None)), left_out)


def median_side(section: DataConfig) -> int:
    """Return the median of the smaller sides of the pictures, of some hundred where there are more.

    Raises:
        DataError: as `Folder.read`, or none of them is a picture.
    """
    root = _root(Path(str(section.folder)))
    if _is_arrays(root):
        return min(read_own_arrays(root, section).train.image_shape[:2])
    with picture_files(root) as found:
        _split(found, root)
        sides = smaller_sides(found[:: -(-len(found) // _LOOKED_AT)])
    if not sides:
        raise DataError(f"{root}: {len(found):,} files have names of pictures, and none is one")
    return statistics.median_low(sides)


def found_pictures(section: DataConfig) -> Iterator[Found]:
    """Yield all pictures in `data.folder`, each at its own size, or what is wrong with it.

    Those of an archive of arrays are named by their number.

    Raises:
        DataError: the folder has no pictures, or not in one of the layouts above.
    """
    root = _root(Path(str(section.folder)))
    if _is_arrays(root):
        yield from _found_arrays(read_own_arrays(root, section))
        return
    with picture_files(root) as found:
        for classes, test in zip(_split(found, root), (False, True), strict=True):
            for class_name, files in classes.items():
                for file in files:
                    picture: Image.Image | DataError
                    try:
                        picture = decoded_picture(file)
                    except DataError as error:
                        picture = error
                    yield Found("/".join(file.parts), class_name, test, picture)


def _is_arrays(root: Path) -> bool:
    return root.suffix.lower() == ".npz" and root.is_file()


def _found_arrays(dataset: Dataset) -> Iterator[Found]:
    for part, images in (("training", dataset.train), ("test", dataset.test)):
        for index, image in enumerate(images.images):
            name = "" if images.labels is None else images.class_names[images.labels[index]]
            picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
            yield Found(f"{part} {index}", name, part == "test", picture)


def _root(folder: Path) -> Path:
    try:
        root = folder.expanduser()
        if not root.is_dir() and not root.is_file():
            named = f"; for the data set: --set data.name={root}" if str(root) in DATASETS else ""
            raise DataError(f"data.folder {str(root)!r} is not a folder, zip or npz archive{named}")
        return root.resolve()
    except (OSError, RuntimeError) as error:  # RuntimeError: no such ~user
        raise DataError(f"data.folder {str(folder)!r} cannot be read: {error}") from error


def _split(files: Sequence[PictureFile], root: Path) -> tuple[Classes, Classes]:
    """Training and test pictures: as the folders say, or else every tenth for the test."""
    train_files, test_files = (
        [file for file in files if file.parts[0] == part and len(file.parts) > 1] for part in PARTS
    )
    if test_files and not train_files:
        raise DataError(f"{root} has a folder test/ but no train/; make train/ beside it")
    if not train_files:
        return split_off_test(_classes(files, root, 0), str(root))
    train = _classes(train_files, root / "train", 1)
    if not test_files:
        return split_off_test(train, str(root / "train"))
    test = _classes(test_files, root / "test", 1)
    if unknown := test.keys() - train.keys():
        raise DataError(
            f"{root}: test/ has the classes {sorted(unknown)}, which train/ does not have; "
            "both need the same subfolders"
        )
    return train, test


def _classes(files: Sequence[PictureFile], folder: Path, depth: int) -> Classes:
    """The classes in a folder, sorted by name, each with at least one picture."""
    loose: list[PictureFile] = []
    classes: Classes = {}
    for file in files:
        below = file.parts[depth:]
        if len(below) == 1:
            loose.append(file)
        elif len(below) == 2:
            classes.setdefault(below[0], []).append(file)
    if loose and classes:
        raise DataError(
            f"{folder} has pictures ({loose[0].path.name}, ...) beside folders of pictures "
            f"({next(iter(classes))}/, ...); either all are in one folder per class, or none is"
        )
    if not loose and not classes:
        raise DataError(
            f"{folder} holds no pictures, neither directly nor in a subfolder for each class; "
            f"looked for {', '.join(sorted(SUFFIXES))}"
        )
    return classes or {"": loose}
