"""Names and folders of pictures -> `ImageSet`: uint8 images (N, H, W, C) with their labels."""

from convgan.data.idx import read_idx, read_idx_pair
from convgan.data.image_set import Dataset, ImageSet, hold_out
from convgan.data.npz import read_npz
from convgan.data.published import PUBLISHED, Published
from convgan.data.sources import load_dataset

__all__ = [
    "PUBLISHED",
    "Dataset",
    "ImageSet",
    "Published",
    "hold_out",
    "load_dataset",
    "read_idx",
    "read_idx_pair",
    "read_npz",
]
