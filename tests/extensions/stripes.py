"""A data set that is not idx: lying and standing stripes, drawn when it is read."""

from __future__ import annotations

import numpy as np

from convgan.config import DataConfig
from convgan.data import DATASETS, Dataset, DataSource, ImageSet


class Stripes(DataSource):
    """Two classes of 12 × 12 grey images."""

    class_names = ("lying", "standing")
    counts = (400, 200)
    origin = "drawn by rule"
    licence = "CC0 1.0"

    def read(self, section: DataConfig) -> Dataset:
        del section
        train, test = (self._draw(count, seed) for seed, count in enumerate(self.counts))
        return Dataset(train, test)

    def _draw(self, count: int, seed: int) -> ImageSet:
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 2, count)
        waves = np.sin(
            np.arange(12) * rng.uniform(0.8, 1.6, (count, 1)) + rng.uniform(0, 6, (count, 1))
        )
        lying = np.broadcast_to(waves[:, :, None], (count, 12, 12))
        images = np.where(labels[:, None, None] == 1, lying.transpose(0, 2, 1), lying)
        images = (127.5 + 90 * images + rng.normal(0, 9, images.shape)).clip(0, 255)
        return ImageSet(
            images.astype(np.uint8)[..., None], labels, self.class_names, "stripes", self.origin
        )


DATASETS.add("stripes")(Stripes())
