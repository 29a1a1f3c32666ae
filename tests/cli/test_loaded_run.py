"""A run in Python gives what the commands give."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import convgan
from convgan.errors import DataError, UsageError
from convgan.reporting.images import read_png, save_png

from .commands import done


def test_generated_pictures_are_the_command_s(out: Path, tmp_path: Path) -> None:
    run = convgan.load_run("dcgan-fashion", out)
    images = run.generate([7, 70], truncation=1.5)
    options = ["--seeds=7,70", "--truncation=1.5"]
    done("generate", "dcgan-fashion", *options, "-o", tmp_path, "--out", out)
    for image, seed in zip(images, (7, 70), strict=True):
        assert np.array_equal(image, read_png(tmp_path / f"seed-{seed:04d}.png"))
    assert run.network("discriminator").output_shape == (None, 1)


def test_probabilities_are_the_command_s(out: Path, tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (28, 28, 1)).astype(np.uint8)
    save_png(tmp_path / "a.png", image)
    found = json.loads(
        done("predict", "classifier-fashion", tmp_path / "a.png", "--json", "--out", out)
    )
    run = convgan.load_run(out / "classifier-fashion-0001")
    probabilities = run.predict(image[None])
    assert probabilities.shape == (1, 10)
    assert probabilities[0].tolist() == pytest.approx(list(found[0]["probabilities"].values()))
    with pytest.raises(DataError, match="the network takes images of"):
        run.predict(image[None, :20])


def test_no_such_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run 'nothing'"):
        convgan.load_run("nothing", tmp_path)
