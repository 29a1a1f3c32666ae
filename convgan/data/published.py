"""The named data sets: what they hold, how their files are known, where they are had."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from convgan.data.idx import idx_sha256
from convgan.data.image_set import Dataset, ImageSet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
"""Training images, training labels, test images, test labels; each may end in `.gz`."""

SAMPLES = Path(__file__).parent / "samples"


@dataclass(frozen=True)
class Published:
    """A data set that was published as the four idx files.

    Attributes:
        name: its name in a configuration.
        class_names: the name of each label.
        sha256: of the four plain (not gzipped) files, in the order of `IDX_FILES`.
        url: the folder on the web that the gzipped files are in.
    """

    name: str
    class_names: tuple[str, ...]
    sha256: tuple[str, str, str, str]
    url: str

    @property
    def sample(self) -> Path:
        """The bundled sample: 4,000 training and 1,000 test pictures."""
        return SAMPLES / f"{self.name}.npz"

    def is_original(self, arrays: Sequence[NDArray[np.uint8]]) -> bool:
        """Whether these are the published training and test images and labels, to the byte."""
        return tuple(idx_sha256(array) for array in arrays) == self.sha256

    def dataset(self, arrays: Sequence[NDArray[np.uint8]], origin: str) -> Dataset:
        """The set of these four arrays: images (N, H, W) and labels (N,), training and test."""
        x_train, y_train, x_test, y_test = arrays
        return Dataset(
            self._part(x_train, y_train, origin),
            self._part(x_test, y_test, origin),
        )

    def _part(self, images: NDArray[np.uint8], labels: NDArray[np.uint8], origin: str) -> ImageSet:
        # (N, H, W) -> (N, H, W, 1)
        return ImageSet(
            images[..., None], labels.astype(np.int64), self.class_names, self.name, origin
        )


PUBLISHED: Mapping[str, Published] = {
    "mnist": Published(
        name="mnist",
        class_names=tuple("0123456789"),
        sha256=(
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
        url="https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    "fashion-mnist": Published(
        name="fashion-mnist",
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        sha256=(
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ),
}
