"""What holds for every entry of `DATASETS`, and for one that was added from outside."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from pydantic import ValidationError

from convgan.config import DataConfig, presets
from convgan.data import Dataset, load_dataset
from convgan.errors import DataError
from convgan.registry import DATASETS
from tests.extensions import rings_dataset

NAMES = tuple(DATASETS)
SAMPLED = [name for name in NAMES if DATASETS[name].has_sample]


def sample(name: str, **settings: int) -> Dataset:
    return load_dataset(DataConfig.model_validate({"name": name, "source": "sample", **settings}))


def test_what_comes_with_convgan_and_what_is_added() -> None:
    assert {"mnist", "fashion-mnist", "folder", "rings"} <= {*NAMES}
    assert isinstance(DATASETS["rings"], rings_dataset.Rings)


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_says_what_it_is(name: str) -> None:
    entry = DATASETS[name]
    assert entry.origin != "unknown"
    assert entry.licence != "unknown"
    assert len(set(entry.class_names)) == len(entry.class_names)
    assert entry.counts is None or min(entry.counts) > 0
    assert entry.evaluator_preset in {None, *presets()}


@pytest.mark.parametrize("name", SAMPLED)
def test_the_sample_is_as_the_entry_says(name: str) -> None:
    entry, dataset = DATASETS[name], sample(name)
    assert entry.counts is not None
    for part, count in zip((dataset.train, dataset.test), entry.counts, strict=True):
        assert part.name == name
        assert part.class_names == entry.class_names
        assert 0 < len(part) <= count
        assert part.image_shape == dataset.train.image_shape
        assert part.labels is not None
        assert set(part.labels.tolist()) == set(range(len(entry.class_names)))
        assert part.images.max() > part.images.min()
    assert dataset.train.fingerprint != dataset.test.fingerprint
    assert sample(name).train.fingerprint == dataset.train.fingerprint


@pytest.mark.parametrize("name", SAMPLED)
def test_limit_size_and_channels_are_applied(name: str) -> None:
    dataset = sample(name, limit=5, image_size=16, channels=3)
    assert dataset.train.images.shape == (5, 16, 16, 3)
    np.testing.assert_array_equal(dataset.train.labels, sample(name).train.head(5).labels)


@pytest.mark.parametrize("name", SAMPLED)
def test_a_sample_and_a_folder_contradict_each_other(name: str) -> None:
    with pytest.raises(DataError, match="contradict"):
        load_dataset(DataConfig.model_validate({"name": name, "source": "sample", "folder": "x"}))


def test_two_sections_of_the_same_pictures() -> None:
    def identity(name: str, folder: str | None = None, limit: int | None = None) -> str:
        section = DataConfig.model_validate({"name": name, "folder": folder, "limit": limit})
        return DATASETS[name].identity(section)

    assert identity("folder", "a") == identity("folder", "a", 5) != identity("folder", "b")
    assert identity("mnist", "a") == identity("mnist") != identity("fashion-mnist")


def test_an_unknown_name_is_told_what_is_near() -> None:
    with pytest.raises(ValidationError, match=r"name\n.*no data set 'ring'; did you mean 'rings'"):
        DataConfig.model_validate({"name": "ring"})


def test_a_configuration_is_checked_without_tensorflow() -> None:
    code = (
        "import sys\nfrom convgan.config import load_config\nload_config('dcgan-fashion')\n"
        "assert not {'tensorflow', 'keras', 'requests'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
