"""`convgan generate`: a run's generator and seeds to pictures, a grid, an archive or a film."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from convgan.data.npz import write_npz
from convgan.data.preparation import prepare
from convgan.errors import UsageError
from convgan.generation.inversion import SEEDS, find_nearest
from convgan.generation.latents import write_latents
from convgan.generation.seeds import great_circle
from convgan.generation.trained import TrainedGenerator
from convgan.reporting.animation import check_film, check_length, write_film
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
    """`seeds.json`; beside the pictures it holds the generator's settings."""

    model_config = ConfigDict(extra="allow")

    pictures: list[_Picture]


def generate_files(asked: TrainedGenerator, folder: Path) -> Path:
    """Write a PNG file per seed, and `seeds.json`; return the folder.

    Raises:
        UsageError: the folder has pictures that were made otherwise.
    """
    path = folder / "seeds.json"
    by_file: dict[str, _Picture] = {}
    if path.is_file():
        before = validated(read_json(path), _Index, f"{path} is no list of seeds")
        if before.model_extra != asked.settings:
            raise UsageError(
                f"{folder} has pictures of another generator, class or truncation "
                "(seeds.json says which): give another folder with --output"
            )
        by_file = {each.file: each for each in before.pictures}
    for seeds, images in asked.parts():
        for seed, image, name in zip(seeds, images, asked.class_names(seeds), strict=True):
            file = asked.file_name(seed)
            made = {"file": file, "seed": seed if seed >= 0 else None, "class": name}
            by_file[file] = _Picture.model_validate(made)
            save_png(folder / file, image, flush=False)  # a seed gives it again
        listed = sorted(by_file.values(), key=lambda e: (e.seed is None, e.seed or 0, e.file))
        pictures = [each.model_dump(by_alias=True) for each in listed]
        write_json(path, asked.settings | {"pictures": pictures})
    return folder


def generate_grid(asked: TrainedGenerator, path: Path) -> Path:
    """Write all pictures as one PNG: a column for each class of a labelled GAN, else a square."""
    _check_suffix(path, ".png")
    seeds, images = _all(asked)
    labels, given = asked.generator.labels(seeds), asked.given
    if labels is None or given is None or given.clusters or asked.class_name:
        grid = image_grid(images, max(1, round(len(images) ** 0.5)), scale=2)
    else:
        shown, columns, counts = np.unique(labels, return_inverse=True, return_counts=True)
        names = [given.names[label] for label in shown]
        grid = class_grid(images, columns, names, counts.max())
    save_png(path, grid)
    return path


def generate_archive(asked: TrainedGenerator, path: Path) -> Path:
    """Write an npz archive: `images` uint8 (N, H, W, C), `seeds` (N,), `labels` (N,) if any.

    The seeds -1, -2 and so on are the latent vectors of files, in their order.
    """
    _check_suffix(path, ".npz")
    seeds, images = _all(asked)
    labels = asked.generator.labels(seeds)
    arrays: dict[str, NDArray[Any]] = {"images": images, "seeds": np.array(seeds, np.int64)}
    write_npz(path, arrays if labels is None else arrays | {"labels": labels})
    return path


def generate_walk(asked: TrainedGenerator, path: Path, *, frames: int, fps: float) -> Path:
    """Write a film that goes from seed to seed and back to the first, along great circles.

    In a conditional GAN also from class to class, by mixtures of two, unless one was asked for.
    """
    seeds, generator = asked.seeds, asked.generator
    if len(seeds) < 2:
        raise UsageError(f"got {len(seeds)} seed for --walk, expected two or more: --walk 3,8,12")
    _check_class(asked, "--walk")
    if not len(seeds) <= frames <= 10_000:
        raise UsageError(f"got --frames {frames}, expected {len(seeds)} (the seeds) to 10,000")
    check_film(path, fps=fps)
    height, width, channels = asked.saved.network.output_shape[1:]
    scale = max(1, round(_FILM_SIDE / width))
    check_length(frames, (height * scale, width * scale, channels))
    way = np.arange(frames) * len(seeds) / frames
    start = way.astype(int)
    end, fractions = (start + 1) % len(seeds), way - start
    latents, labels = generator.latents(seeds), generator.labels(seeds)
    inputs = [great_circle(latents[start], latents[end], fractions)]
    if labels is not None and asked.given:
        classes = np.eye(len(asked.given.names), dtype=np.float32)[labels]
        t = fractions[:, None].astype(np.float32)
        inputs.append((1 - t) * classes[start] + t * classes[end])
    images = generator.pictures_at(*inputs)
    write_film(enlarge(images, scale), path, fps=fps)
    return path


def generate_like(asked: TrainedGenerator, file: Path, path: Path) -> Path:
    """Write the latent vector whose picture is nearest to a file's; a PNG beside it shows both.

    Raises:
        DataError: the file is no picture, or cannot be made such as the generator's are.
    """
    _check_suffix(path, ".npz")
    _check_class(asked, "--like")
    shape = asked.saved.network.output_shape[1:]
    given, words = prepare(file, shape, asked.config.data)
    logger.info("%s: %s", file, words)
    found = find_nearest(asked.generator, given)
    images = np.stack([given, found.image])
    beside = path.with_name(f"{path.stem}-and-given.png")  # not what was given: shoe.png
    save_labelled_pictures(beside, images, captions=["given", "found"])
    write_latents(path, found.latents)
    of_class = ""
    if asked.given and found.latents.labels is not None:
        of_class = f" ({asked.given.names[found.latents.labels[0]]})"
    logger.info(
        "the picture found%s differs by %.1f of 255 grey levels (root mean square); of %s seeds "
        "the nearest by %.1f",
        of_class, found.distance, f"{SEEDS:,}", found.seed_distance,
    )  # fmt: skip
    return path


def _all(asked: TrainedGenerator) -> tuple[list[int], NDArray[np.uint8]]:
    parts = list(asked.parts())
    seeds = [seed for part, _ in parts for seed in part]
    if not seeds:
        raise UsageError(f"none of the pictures is taken for {asked.class_name}")
    return seeds, np.concatenate([images for _, images in parts])


def _check_class(asked: TrainedGenerator, option: str) -> None:
    if asked.evaluator:
        raise UsageError(f"--class goes with {option} only where the GAN was given that class")


def _check_suffix(path: Path, suffix: str) -> None:
    if path.suffix.lower() != suffix:
        raise UsageError(f"cannot write {path}: expected a name that ends in {suffix}")
