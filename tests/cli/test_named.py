"""The DCGAN paper's protocol, a linear SVM on the discriminator's features, on a named data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.data.making import cifar_archive, colour_arrays

from .commands import done

SMALL = [
    "--set=generator.projection.filters=4",
    *(f"--set=generator.blocks.{number}.filters=4" for number in range(2)),
    *(f"--set=discriminator.blocks.{number}.filters=4" for number in range(3)),
    "--set=train.batch_size=25",
    "--epochs=1",
]


def test_a_gan_of_made_up_files_is_trained_and_its_features_are_measured(tmp_path: Path) -> None:
    archive = cifar_archive(colour_arrays(np.random.default_rng(3)))
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(archive)
    data = ["--set=data.name=cifar10", f"--set=data.folder={tmp_path}"]
    done("train-dcgan", "--config", "dcgan-32", *data, *SMALL, "--out", tmp_path / "out")
    text = done("eval", "--labels=30", "--samples=100", "--out", tmp_path / "out")
    assert "a linear SVM, 30 labels, 10 draws" in text
    assert "the discriminator's features     192" in text  # 4x4 of each of the three blocks' 4 maps
