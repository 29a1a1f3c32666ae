"""Seeds to latent vectors, classes and pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convgan.config import load_config
from convgan.errors import UsageError
from convgan.generation.latents import parse_seeds
from convgan.generation.seeds import BLOCK, SeededGenerator, great_circle
from convgan.models.build import network_specs


def generator(**settings: float) -> SeededGenerator:
    config = load_config("dcgan-fashion", ["conditional=true", "generator.latent_dim=5"])
    network = network_specs(config, (28, 28, 1), 3)["generator"].build()
    fractions = np.array([0.5, 0.2, 0.3])
    return SeededGenerator(network, fractions, **settings)  # type: ignore[arg-type]


PLAIN = generator()


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("0-3,7", [0, 1, 2, 3, 7]),
        ("9, 2 - 4 ,3,9", [9, 2, 3, 4]),
        ("5-5", [5]),
        ("7, a/3.npz,1", [7, Path("a/3.npz"), 1]),
    ],
)
def test_a_list_of_seeds(text: str, seeds: list[int | Path]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "1,", "-3", "1.5", "a", "1-2-3", "٣", "9999999999", "1\n2"])
def test_what_is_no_list_of_seeds(text: str) -> None:
    with pytest.raises(UsageError, match="expected whole numbers from 0 and ranges: 0-99,7"):
        parse_seeds(text)


def test_ranges_that_cannot_be() -> None:
    with pytest.raises(UsageError, match="got 5-3 in --seeds, which ends before it starts"):
        parse_seeds("5-3")
    with pytest.raises(UsageError, match="more than 1,000,000 seeds"):
        parse_seeds("7,100-1000099")
    assert len(parse_seeds("100-1000099")) == 1_000_000


def test_a_seed_is_the_same_whatever_is_asked_for_with_it() -> None:
    many = [70, 3, 2, 1, 64, 5]
    images, latents, labels = PLAIN.pictures(many), PLAIN.latents(many), PLAIN.labels(many)
    assert labels is not None
    assert images.shape == (6, 28, 28, 1)
    for at, seed in enumerate(many):
        assert np.array_equal(PLAIN.pictures([seed])[0], images[at])
        assert np.array_equal(PLAIN.latents([seed])[0], latents[at])
        one = PLAIN.labels([seed])
        assert one is not None
        assert one[0] == labels[at]
    assert len(np.unique(images, axis=0)) == 6


def test_a_seed_s_picture_is_that_of_its_latent_vector_and_class() -> None:
    seeds = [3, 90]
    labels = PLAIN.labels(seeds)
    made = PLAIN.pictures_at(PLAIN.latents(seeds), np.eye(3, dtype=np.float32)[labels])
    difference = made.astype(int) - PLAIN.pictures(seeds)
    assert np.abs(difference).max() <= 1


def test_classes_are_drawn_by_their_shares_unless_one_is_asked_for() -> None:
    seeds = range(40 * BLOCK)
    labels = PLAIN.labels(seeds)
    assert labels is not None
    assert np.bincount(labels) / len(seeds) == pytest.approx([0.5, 0.2, 0.3], abs=0.04)
    latents = PLAIN.latents(seeds)
    assert latents.mean() == pytest.approx(0, abs=0.03)
    assert latents.std() == pytest.approx(1, abs=0.03)
    of_one = generator(label=2).labels(range(100))
    assert of_one is not None
    assert set(of_one) == {2}


def test_truncation_draws_again_what_is_beyond_and_leaves_the_rest() -> None:
    plain, cut = PLAIN.latents(range(200)), generator(truncation=0.7).latents(range(200))
    inside = np.abs(plain) <= 0.7
    assert np.array_equal(cut[inside], plain[inside])
    assert np.abs(cut).max() <= 0.7
    # The variance of a normal law that is cut off at ±0.7: 1 - 2·0.7·φ(0.7) / (2·Φ(0.7) - 1).
    assert cut.var() == pytest.approx(0.1543, abs=0.01)


def test_a_great_circle_goes_by_equal_angles() -> None:
    one, other = np.array([2.0, 0, 0], np.float32), np.array([0, 0, 2.0], np.float32)
    way = great_circle(one, other, np.array([0, 1 / 3, 1 / 2, 1]))
    half = 2 * np.sqrt(0.5)
    expected = [[2, 0, 0], [2 * np.sqrt(0.75), 0, 1], [half, 0, half], [0, 0, 2]]
    assert way == pytest.approx(np.array(expected), abs=1e-6)
    way = great_circle(np.zeros(3, np.float32), other, np.array([0, 1]))
    assert way == pytest.approx(np.array([[0, 0, 0], [0, 0, 2]]))
    same = great_circle(one, one, np.array([0.3]))
    assert same == pytest.approx(one[None])
