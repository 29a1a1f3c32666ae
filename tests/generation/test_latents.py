"""Latent vectors in npz files, and from a picture back to its latent vector."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convgan.config import load_config
from convgan.errors import DataError
from convgan.generation import inversion
from convgan.generation.inversion import find_nearest
from convgan.generation.latents import Latents, read_latents, write_latents
from convgan.generation.seeds import SeededGenerator
from convgan.models.build import network_specs

Z = np.random.default_rng(0).normal(size=(70, 5)).astype(np.float32)
LABELS = np.arange(70) % 3


@cache
def network() -> Any:
    """Untrained, with weights so large that its pictures differ."""
    sizes = ["latent_dim=5", "init_stddev=0.3", "projection.filters=4", "blocks.0.filters=4"]
    changes = ["conditional=true", *(f"generator.{each}" for each in sizes)]
    config = load_config("dcgan-fashion", changes)
    return network_specs(config, (28, 28, 1), 3)["generator"].build()


def generator(**settings: Any) -> SeededGenerator:
    return SeededGenerator(network(), np.full(3, 1 / 3), **settings)


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inversion, "SEEDS", 128)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_latents(tmp_path / "a.npz", Latents(Z, LABELS))
    read = read_latents(tmp_path / "a.npz", 5, 3)
    assert read.labels is not None
    assert np.array_equal(read.z, Z)
    assert np.array_equal(read.labels, LABELS)
    assert read_latents(tmp_path / "a.npz", 5, 0).labels is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"z": Z[:, :4]}, r"z is of \(70, 4\), this generator takes \(N, 5\)"),
        ({"z": Z[0]}, r"z is of \(5,\)"),
        ({"z": Z.astype(np.float64)}, "z is no .npy file of float32"),
        ({"z": np.array([{}])}, "z is no .npy file of float32"),
        ({"z": np.where(Z > 2, np.nan, Z)}, "no numbers or beyond ±1000"),
        ({"z": np.where(Z > 2, np.float32(1e38), Z)}, "no numbers or beyond ±1000"),
        ({"labels": LABELS[1:]}, r"labels is of \(69,\), expected \(70,\)"),
        ({"labels": LABELS + 1}, "numbers outside 0 to 2"),
        ({"labels": LABELS - 1}, "numbers outside 0 to 2"),
        ({"labels": None}, "holds no labels"),
    ],
)
def test_what_is_refused(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    arrays = {"z": Z, "labels": LABELS} | changed
    kept: Any = {name: array for name, array in arrays.items() if array is not None}
    np.savez(tmp_path / "a.npz", **kept)
    with pytest.raises(DataError, match=said):
        read_latents(tmp_path / "a.npz", 5, 3)


def test_given_vectors_stand_for_negative_seeds() -> None:
    mixed = generator(given=Latents(Z, LABELS))
    seeds = [4, -1, -70, -65, 2]
    images, labels = mixed.pictures(seeds), mixed.labels(seeds)
    rows = [0, 69, 64]
    assert labels is not None
    assert labels[1:4].tolist() == [0, 0, 1]
    assert np.array_equal(mixed.latents(seeds)[1:4], Z[rows])
    made = mixed.pictures_at(Z[rows], np.eye(3, dtype=np.float32)[LABELS[rows]])
    assert np.abs(images[1:4].astype(int) - made).max() <= 1
    assert np.array_equal(images[[0, 4]], generator().pictures([4, 2]))
    of_one = generator(given=Latents(Z, None), label=2).labels(seeds)
    assert of_one is not None
    assert of_one.tolist() == [2] * 5


def test_the_nearest_picture_is_found_each_time() -> None:
    given = generator().pictures([5000])[0]  # no start
    found, again = (find_nearest(generator(), given) for _ in range(2))
    assert found.distance < 0.3 * found.seed_distance
    assert np.array_equal(found.latents.z, again.latents.z)
    mixed = generator(given=found.latents)
    assert np.array_equal(mixed.pictures([-1])[0], found.image)
    difference = found.image.astype(float) - given
    assert found.distance == pytest.approx(np.sqrt((difference**2).mean()))


def test_a_class_that_is_asked_for_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inversion, "_STEPS", 5)
    given = generator().pictures([5000])[0]
    labels = find_nearest(generator(label=2), given).latents.labels
    assert labels is not None
    assert labels.tolist() == [2]


def test_the_prior_makes_the_vector_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = generator().pictures([5000])[0]
    stark = np.where(picture > np.median(picture), 255, 0).astype(np.uint8)  # by no drawn vector
    lengths = []
    for prior in (0.0, 0.3):
        monkeypatch.setattr(inversion, "_PRIOR", prior)
        lengths.append(float((find_nearest(generator(), stark).latents.z ** 2).mean()))
    assert lengths[1] < 0.5 * lengths[0]
