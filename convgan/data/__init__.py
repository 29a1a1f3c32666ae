"""Names and folders of pictures -> `ImageSet`: uint8 images (N, H, W, C) with their labels."""

from convgan.data.idx import read_idx
from convgan.data.image_set import Dataset, ImageSet, hold_out
from convgan.data.npz import read_npz
from convgan.data.source import DataSource, load_dataset

__all__ = [
    "DataSource",
    "Dataset",
    "ImageSet",
    "hold_out",
    "load_dataset",
    "read_idx",
    "read_npz",
]
