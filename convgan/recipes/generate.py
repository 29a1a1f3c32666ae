"""`convgan generate`: a run's generator and seeds to pictures, a grid, an archive or a film."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from convgan.data.preparation import prepare
from convgan.errors import UsageError
from convgan.files import replacing
from convgan.generation.inversion import SEEDS, find_nearest
from convgan.generation.latents import write_latents
from convgan.generation.seeds import great_circle
from convgan.generation.source import Source
from convgan.reporting.animation import check_film, write_film
from convgan.reporting.galleries import save_labelled_pictures
from convgan.reporting.images import class_grid, enlarge, image_grid, save_png
from convgan.runs.json_file import read_json, validated, write_json

logger = logging.getLogger("convgan")

_FILM_SIDE = 280  # pixels, about, of a film


class _Picture(BaseModel):
    file: str
    seed: int | None
    """None of a given latent vector."""
    class_name: str | None = Field(alias="class")


class _Index(BaseModel):
    """What `seeds.json` says beside the settings."""

    pictures: list[_Picture]


def generate_files(source: Source, folder: Path) -> Path:
    """Write a PNG file per seed, and `seeds.json`; return the folder.

    Raises:
        UsageError: the folder has pictures that were made otherwise.
    """
    path = folder / "seeds.json"
    before = read_json(path) if path.is_file() else source.settings | {"pictures": []}
    listed = validated(before, _Index, f"{path} is no list of seeds").pictures
    if {name: value for name, value in before.items() if name != "pictures"} != source.settings:
        raise UsageError(
            f"{folder} has pictures of another generator, class or truncation "
            "(seeds.json says which): give another folder with --output"
        )
    by_file = {each.file: each for each in listed}
    for seeds, images in source.parts():
        for seed, image, name in zip(seeds, images, _names(source, seeds), strict=True):
            file = source.file_name(seed)
            made = {"file": file, "seed": seed if seed >= 0 else None, "class": name}
            by_file[file] = _Picture.model_validate(made)
            save_png(folder / file, image, flush=False)  # a seed gives it again
        pictures = [each.model_dump(by_alias=True) for each in sorted(by_file.values(), key=_order)]
        write_json(path, source.settings | {"pictures": pictures})
    return folder


def _order(picture: _Picture) -> tuple[bool, int, str]:
    return picture.seed is None, picture.seed or 0, picture.file


def generate_grid(source: Source, path: Path) -> Path:
    """Write all pictures as one PNG: a column for each class of a labelled GAN, else a square."""
    _check_suffix(path, ".png")
    seeds, images = _all(source)
    labels = source.generator.labels(seeds)
    if labels is None or not source.given or source.given.clusters or source.wanted.class_name:
        save_png(path, image_grid(images, max(1, round(len(images) ** 0.5)), scale=2))
        return path
    names, rows = source.given.names, int(np.bincount(labels).max())
    shown = np.flatnonzero(np.bincount(labels, minlength=len(names)))
    columns = np.searchsorted(shown, labels)
    save_png(path, class_grid(images, columns, [names[label] for label in shown], rows))
    return path


def generate_archive(source: Source, path: Path) -> Path:
    """Write an npz archive: `images` uint8 (N, H, W, C), `seeds` (N,), `labels` (N,) if any.

    The seeds -1, -2 and so on are the latent vectors of files, in their order.
    """
    _check_suffix(path, ".npz")
    seeds, images = _all(source)
    arrays: dict[str, NDArray[Any]] = {"images": images, "seeds": np.array(seeds, np.int64)}
    labels = source.generator.labels(seeds)
    if labels is not None:
        arrays["labels"] = labels
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **arrays)
    with replacing(path) as temporary:
        temporary.write_bytes(stream.getvalue())
    return path


def generate_walk(source: Source, path: Path, *, frames: int, fps: float) -> Path:
    """Write a film that goes from seed to seed and back to the first, along great circles.

    In a conditional GAN also from class to class, by mixtures of two, unless one was asked for.
    """
    seeds = source.seeds
    if len(seeds) < 2:
        raise UsageError(f"got {len(seeds)} seed for --walk, expected two or more: --walk 3,8,12")
    if source.judge:
        raise UsageError("--class goes with --walk only where the GAN was given that class")
    if not len(seeds) <= frames <= 10_000:
        raise UsageError(f"got --frames {frames}, expected {len(seeds)} (the seeds) to 10,000")
    check_film(path, fps=fps)
    generator = source.generator
    latents, labels = generator.latents(seeds), generator.labels(seeds)
    classes = None
    if labels is not None and source.given:
        classes = np.eye(len(source.given.names), dtype=np.float32)[labels]
    way = np.arange(frames) * len(seeds) / frames
    points, mixed = [], []
    for start in range(len(seeds)):
        end = (start + 1) % len(seeds)
        shares = way[(way >= start) & (way < start + 1)] - start
        points.append(great_circle(latents[start], latents[end], shares))
        if classes is not None:
            t = shares[:, None].astype(np.float32)
            mixed.append((1 - t) * classes[start] + t * classes[end])
    inputs = [np.concatenate(each) for each in (points, mixed) if each]
    images = generator.pictures_at(*inputs)
    write_film(enlarge(images, max(1, round(_FILM_SIDE / images.shape[2]))), path, fps=fps)
    return path


def generate_like(source: Source, file: Path, path: Path) -> Path:
    """Write the latent vector whose picture is nearest to a file's; a PNG beside it shows both.

    Raises:
        DataError: the file is no picture, or cannot be made such as the generator's are.
    """
    _check_suffix(path, ".npz")
    if source.judge:
        raise UsageError("--class goes with --like only where the GAN was given that class")
    shape = source.saved.network.output_shape[1:]
    given, words = prepare(file, shape, source.config.data.name)
    logger.info("%s: %s", file, words)
    found = find_nearest(source.generator, given)
    images = np.stack([given, found.image])
    beside = path.with_name(f"{path.stem}-and-given.png")  # not what was given: shoe.png
    save_labelled_pictures(beside, images, captions=["given", "found"])
    write_latents(path, found.latents)
    of_class = ""
    if source.given and found.latents.labels is not None:
        of_class = f" ({source.given.names[found.latents.labels[0]]})"
    logger.info(
        "the picture found%s differs by %.1f of 255 grey levels (root mean square); of %s seeds "
        "the nearest by %.1f",
        of_class, found.distance, f"{SEEDS:,}", found.seed_distance,
    )  # fmt: skip
    return path


def _all(source: Source) -> tuple[list[int], NDArray[np.uint8]]:
    parts = list(source.parts())
    seeds = [seed for part, _ in parts for seed in part]
    if not seeds:
        raise UsageError(f"none of the pictures is taken for {source.wanted.class_name}")
    return seeds, np.concatenate([images for _, images in parts])


def _names(source: Source, seeds: Sequence[int]) -> list[str | None]:
    """Return the class of each seed's picture, None where nothing was asked for."""
    labels = None if source.judge else source.generator.labels(seeds)
    if labels is None or source.given is None:
        return [source.wanted.class_name] * len(seeds)
    return [source.given.names[label] for label in labels]


def _check_suffix(path: Path, suffix: str) -> None:
    if path.suffix.lower() != suffix:
        raise UsageError(f"cannot write {path}: expected a name that ends in {suffix}")
