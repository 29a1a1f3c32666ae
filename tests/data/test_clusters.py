"""Pseudo-labels: what is alike has one, at any size and number of images."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from convgan.data import ImageSet
from convgan.data import clusters as module
from convgan.data.clusters import clustered, number_of_clusters
from convgan.errors import DataError

SIZES = [30, 50, 20, 44]
KINDS = np.repeat(np.arange(len(SIZES)), SIZES)


def some(side: int = 8, channels: int = 1, seed: int = 0) -> ImageSet:
    """Four kinds of pictures with some noise, in any order; without labels."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(60, 190, (len(SIZES), 4, 4, channels))
    kinds = kinds.repeat(side // 4, axis=1).repeat(side // 4, axis=2)
    images = kinds[KINDS] + rng.integers(-20, 21, (len(KINDS), side, side, channels))
    return ImageSet(images.astype(np.uint8), None, (), "some", "made for a test")


@pytest.mark.parametrize(("side", "channels"), [(8, 1), (28, 3), (132, 1)])
def test_what_is_alike_is_in_one_cluster(side: int, channels: int) -> None:
    found = clustered(some(side, channels), seed=3)
    assert found.labels is not None
    assert adjusted_rand_score(KINDS, found.labels) == 1
    assert found.class_names == ("cluster 1", "cluster 2", "cluster 3", "cluster 4")
    assert list(found.class_counts().values()) == sorted(SIZES, reverse=True)
    np.testing.assert_allclose(found.class_fractions(), np.sort(SIZES)[::-1] / len(KINDS))


def test_the_same_again_and_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    first, again = (clustered(some(), seed=3).labels for _ in range(2))
    assert first is not None
    np.testing.assert_array_equal(first, again)
    monkeypatch.setattr(module, "_FITTED", 60)
    monkeypatch.setattr(module, "_BATCH", 7)
    np.testing.assert_array_equal(first, clustered(some(), seed=3).labels)


def test_kept_clusters_are_taken_and_checked() -> None:
    kept = (KINDS + 1) % 4
    np.testing.assert_array_equal(clustered(some(), seed=3, kept=kept).labels, kept)
    with pytest.raises(DataError, match="labels run from 0 to 9"):
        clustered(some(), seed=3, kept=np.where(KINDS == 1, 9, KINDS))


@pytest.mark.parametrize(
    ("images", "count"), [(1, 2), (100, 4), (4_000, 25), (57_000, 97), (60_000, 100), (10**7, 100)]
)
def test_number_of_clusters(images: int, count: int) -> None:
    assert number_of_clusters(images) == count


def test_pictures_that_are_all_alike_and_one_alone() -> None:
    same = ImageSet(np.full((9, 8, 8, 1), 7, np.uint8), None, (), "same", "made for a test")
    found = clustered(same, seed=0)
    assert found.labels is not None
    assert set(found.labels.tolist()) <= {0, 1}
    with pytest.raises(DataError, match="got 1 picture to make clusters of"):
        clustered(same.head(1), seed=0)
