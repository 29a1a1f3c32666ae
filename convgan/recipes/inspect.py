"""`convgan inspect`: a configuration's networks layer by layer, or a data set."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from convgan.config import Config, DataConfig, GanRunConfig, load_config, load_data_section, presets
from convgan.data import Dataset, hold_out, load_dataset
from convgan.data.clusters import clustered, number_of_clusters
from convgan.data.folder import ARCHIVES, found_pictures
from convgan.data.survey import survey
from convgan.errors import DataError, UsageError, did_you_mean
from convgan.recipes.own_pictures import FEW
from convgan.registry import DATASETS
from convgan.reporting.galleries import save_labelled_pictures
from convgan.reporting.images import class_grid, save_png, thinned
from convgan.reporting.report import Table
from convgan.reporting.survey import SHEET_ROWS, contact_sheet, survey_lines

_SHOWN = 32  # pictures in the grid
_COLUMNS = 10  # clusters in theirs


def find_target(target: str, changes: Sequence[str] = ()) -> Config | DataConfig:
    """Return the configuration, or the `data` section, that a word on the command line means.

    Args:
        target: a preset's or a data set's name, a YAML file, or a folder or archive of pictures.
        changes: as in `load_config`; for a data set those of `data.…`.

    Raises:
        UsageError: it means nothing, or more than one of these; tells how to write each.
    """
    path = Path(target)
    is_there = os.path.exists(os.path.expanduser(target))  # noqa: PTH110, PTH111  Path's raise
    meanings = {
        f"a preset ({presets().get(target)})": target in presets(),
        f"a data set (--set data.name={target} --pictures)": target in DATASETS,
        f"a path (./{target})": is_there,
    }
    meant = [meaning for meaning, true in meanings.items() if true]
    if len(meant) > 1:
        raise UsageError(
            f"{target!r} is {' and '.join(meant)}; write what stands in brackets for the one "
            "that you mean"
        )
    if not meant:
        known = [*presets(), *DATASETS]
        hint = did_you_mean(target, known, "expected one of")
        raise UsageError(
            f"there is no preset, data set, file or folder {target!r}; {hint} "
            f"({', '.join(known)}), a YAML file or a folder of pictures"
        )
    if target in DATASETS:
        return load_data_section(target, changes)
    is_data = path.suffix.lower() in ARCHIVES or path.expanduser().is_dir()
    if target in presets() or not is_data:
        return load_config(target, changes)
    return load_data_section("folder", changes, folder=path)


def describe_networks(config: Config) -> list[Table]:
    """Return the layer tables of the configuration's networks, for the size of its images."""
    data = config.data
    if DATASETS[data.name].has_sample:  # which has the full set's shape and classes
        data = data.model_copy(update={"source": "sample", "folder": None, "limit": 1})
    train = load_dataset(data).train
    from convgan.models.build import check_networks  # noqa: PLC0415
    from convgan.reporting.layer_table import network_table  # noqa: PLC0415

    classes = len(train.class_names)
    if isinstance(config, GanRunConfig) and config.conditional == "clusters":
        known = DATASETS[data.name].counts
        count = known[0] if known else len(train)
        count = min(count, config.data.limit or count)
        classes = number_of_clusters(count - config.data.held_out(count))
    tables = check_networks(config, train.image_shape, classes)
    return [network_table(role, rows) for role, rows in tables.items()]


def describe_clusters(config: GanRunConfig, out: Path) -> tuple[Table, Path]:
    """Return what the clusters of a configuration's training pictures hold, and a grid's path."""
    train = load_dataset(config.data).train
    train, _ = hold_out(train, config.data.held_out(len(train)), config.seed)
    found = clustered(train, config.seed)
    names, clusters = found.class_names, np.asarray(found.labels)
    rows = [(name, f"{count:,}", "") for name, count in found.class_counts().items()]
    if train.labels is not None:
        counts = np.zeros((len(names), len(train.class_names)), int)
        np.add.at(counts, (clusters, train.labels), 1)
        rows = [
            (
                name,
                f"{row.sum():,}",
                f"{train.class_names[row.argmax()]} ({row.max() / row.sum():.0%})",
            )
            for name, row in zip(names, counts, strict=True)
        ]
    path = out / f"{config.name}-clusters.png"
    save_png(path, class_grid(thinned(found.images), clusters, names[:_COLUMNS], _COLUMNS))
    return Table("clusters, found without labels", ("", "pictures", "most are of"), rows), path


def describe_data(section: DataConfig, out: Path) -> tuple[str, list[Table], Path]:
    """Return what a data set is in lines, how many of each class it has, and a grid's path."""
    dataset = load_dataset(section)
    train, test = dataset.train, dataset.test
    tables = [_class_table(train.class_counts(), test.class_counts())] if train.class_names else []
    shown = train.head(_SHOWN)
    captions = [""] * len(shown)
    if shown.labels is not None:
        captions = [shown.class_names[label] for label in shown.labels]
    path = out / f"{train.name}.png"
    save_labelled_pictures(path, shown.images, captions=captions)
    return _facts(section, dataset), tables, path


def describe_pictures(section: DataConfig, out: Path) -> tuple[str, list[Table], Path]:
    """As `describe_data`, of one's own pictures, of any sizes, with what is wrong with them."""
    found = survey(found_pictures(section), section, shown=SHEET_ROWS)
    if not found.names:
        raise DataError(f"not one of {len(found.bad):,} pictures can be read: {found.bad[0]}")
    try:
        text = _facts(section, load_dataset(section))
    except DataError as error:
        text = f"They cannot be trained on as they are: {error}"
    sheet, note = contact_sheet(found)
    path = out / "folder.png"
    save_png(path, sheet)
    trains, tests = found.class_counts(test=False), found.class_counts(test=True)
    tables = [_class_table(trains, tests)] if "" not in found.thumbs else []
    return "\n".join([text, "", *survey_lines(found, FEW), *note]), tables, path


def _facts(section: DataConfig, dataset: Dataset) -> str:
    entry, train, test = DATASETS[section.name], dataset.train, dataset.test
    images = train.images
    full = "" if entry.counts is None else " (in full {:,} and {:,})".format(*entry.counts)
    return "\n".join(
        [
            f"{train.name}: {train.origin}",
            f"shape     {' x '.join(map(str, train.image_shape))} (height, width, channels), uint8",
            f"range     {images.min()} to {images.max()}, mean {images.mean():.1f}",
            f"pictures  {len(train):,} training, {len(test):,} test{full}",
            f"sha256    {train.fingerprint[:16]} training, {test.fingerprint[:16]} test",
            f"source    {entry.origin}",
            f"licence   {entry.licence}",
        ]
    )


def _class_table(trains: Mapping[str, int], tests: Mapping[str, int]) -> Table:
    names = dict.fromkeys([*trains, *tests])
    rows = [(name, f"{trains.get(name, 0):,}", f"{tests.get(name, 0):,}") for name in names]
    return Table("classes", ("", "training", "test"), rows)
