"""A data set that is drawn, not read: rings of two sizes. Import this file, then `name: rings`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convgan.data import Dataset, DataSource, ImageSet
from convgan.registry import DATASETS

if TYPE_CHECKING:
    from convgan.config import DataConfig


class Rings(DataSource):
    """Grey rings of 12 x 12 pixels around random centres, small and large ones in turn."""

    class_names = ("small", "large")
    counts = (96, 24)
    origin = "drawn by this file"
    licence = "CC0"
    has_sample = True  # all of it

    def read(self, section: DataConfig) -> Dataset:
        """Draw them, the same ones each time."""
        del section  # limit, image_size and channels are applied afterwards
        return self.sample()

    def sample(self) -> Dataset:
        """Draw them."""
        train, test = (self._draw(count, seed) for seed, count in enumerate(self.counts))
        return Dataset(train, test)

    def _draw(self, count: int, seed: int) -> ImageSet:
        labels = np.arange(count) % 2
        centres = np.random.default_rng(seed).uniform(4.5, 6.5, (2, count, 1, 1))
        rows, columns = np.mgrid[:12, :12]
        distances = np.hypot(rows - centres[0], columns - centres[1])  # (N, 12, 12)
        radii = np.where(labels, 4.0, 2.0)[:, None, None]
        images = 255 * np.exp(-((distances - radii) ** 2))
        return ImageSet(
            images.astype(np.uint8)[..., None],
            labels.astype(np.int64),
            self.class_names,
            "rings",
            self.origin,
        )


DATASETS.add("rings")(Rings())
