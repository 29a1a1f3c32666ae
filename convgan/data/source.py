"""What a data set is to convgan, and how one is loaded by its name.

A new one is a module that adds an entry when it is imported; nothing else needs to know it:

    class Stripes(DataSource):
        def read(self, section: DataConfig) -> Dataset: ...

    DATASETS.add("stripes")(Stripes())
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace

from convgan.config import DataConfig
from convgan.data.image_set import Dataset
from convgan.data.pictures import fit_dataset
from convgan.errors import DataError
from convgan.registry import DATASETS


class DataSource(ABC):
    """An entry of `DATASETS`: how a data set is read, and what is known before it is."""

    class_names: tuple[str, ...] = ()
    """The name of each label; empty if the files say, or if there are none."""
    counts: tuple[int, int] | None = None
    """Of the training and the test pictures; None if the files say."""
    origin: str = "unknown"
    licence: str = "unknown"
    has_sample: bool = False
    """Whether `sample` gives a part of it that comes with the code."""
    evaluator_preset: str | None = None
    """The configuration that trains a classifier to judge images like these."""

    @abstractmethod
    def read(self, section: DataConfig) -> Dataset:
        """Return the pictures that the section asks for.

        `limit`, `channels` and `image_size` need not be looked at: they are applied afterwards.

        Raises:
            DataError: the data is missing or damaged.
        """

    def sample(self) -> Dataset:
        """Return the sample, if there is one: small, of the same shape and classes."""
        raise DataError("data.source 'sample': this data set has no sample; leave it out")

    def check(self, section: DataConfig) -> None:  # noqa: B027  (most need nothing)
        """Raise ValueError if a configuration lacks what this data set needs."""

    def identity(self, section: DataConfig) -> str:
        """Name the pictures: two sections that mean the same ones give the same."""
        return section.name


def load_dataset(section: DataConfig) -> Dataset:
    """Return the pictures that a configuration's `data` section asks for.

    `validation` is left to the caller, see `hold_out`.

    Raises:
        DataError: the data is missing or damaged, or only a sample is there and the full set
            is asked for.
    """
    entry = DATASETS[section.name]
    if section.source != "sample":
        dataset = entry.read(section)
    elif section.folder is not None and entry.has_sample:
        raise DataError(
            f"data.source 'sample' and data.folder {str(section.folder)!r} contradict each "
            "other; leave one of them out"
        )
    else:
        dataset = entry.sample()
    if section.limit is not None:
        dataset = replace(dataset, train=dataset.train.head(section.limit))
    return fit_dataset(dataset, section)
