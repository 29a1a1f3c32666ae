"""`convgan inspect`: a configuration's networks layer by layer, or its data set."""

from __future__ import annotations

from pathlib import Path

from convgan.config import Config
from convgan.data import Dataset, load_dataset
from convgan.models.build import check_networks
from convgan.reporting import Table, save_labelled_pictures
from convgan.reporting.layer_table import network_table

_SHOWN = 32  # pictures in the grid


def describe_networks(config: Config) -> list[Table]:
    """Return the layer tables of the configuration's networks, for its data's picture size."""
    data = config.data
    if data.name != "folder":  # the sample has the shape and the classes of the full set
        data = data.model_copy(update={"source": "sample", "folder": None, "limit": 1})
    train = load_dataset(data).train
    tables = check_networks(config, train.image_shape, len(train.class_names))
    return [network_table(role, rows) for role, rows in tables.items()]


def describe_data(config: Config, out: Path) -> tuple[str, Path]:
    """Return counts, classes, shape and range as text, and the path of a picture grid."""
    dataset = load_dataset(config.data)
    train = dataset.train
    lines = [
        f"{train.name}: {train.origin}",
        f"shape     {' x '.join(map(str, train.image_shape))} (height, width, channels), uint8",
        f"range     {train.images.min()} to {train.images.max()}, mean {train.images.mean():.1f}",
        f"pictures  {len(train):,} training, {len(dataset.test):,} test",
        f"sha256    {train.fingerprint[:16]} training, {dataset.test.fingerprint[:16]} test",
    ]
    if train.class_names:
        lines += ["", *_class_lines(dataset)]
    captions = [""] * _SHOWN
    if train.labels is not None:
        captions = [train.class_names[label] for label in train.labels[:_SHOWN]]
    shown = train.images[:_SHOWN]
    path = out / f"{train.name}.png"
    save_labelled_pictures(path, shown, captions=captions[: len(shown)])
    return "\n".join(lines), path


def _class_lines(dataset: Dataset) -> list[str]:
    width = max(len("class"), *(len(name) for name in dataset.train.class_names))
    tests = dataset.test.class_counts()
    head = f"{'class':<{width}}  training    test"
    rows = [
        f"{name:<{width}}  {count:>8,}  {tests[name]:>6,}"
        for name, count in dataset.train.class_counts().items()
    ]
    return [head, *rows]
