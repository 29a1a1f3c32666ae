"""`convgan generate`: a run's generator and seeds to pictures, a grid, an archive or a film."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from convgan.config import GanRunConfig
from convgan.errors import DataError, UsageError, did_you_mean
from convgan.evaluation.evaluator import Evaluator, bundled_evaluator
from convgan.evaluation.generator import Which, choose_generator
from convgan.files import replacing
from convgan.generation.seeds import LEAST_TRUNCATION, SeededGenerator, great_circle
from convgan.models.network_file import read_network
from convgan.registry import DATASETS
from convgan.reporting.animation import check_film, write_film
from convgan.reporting.images import class_grid, enlarge, image_grid, save_png
from convgan.runs import Run
from convgan.runs.classes import GivenClasses, given_classes
from convgan.runs.json_file import read_json, validated, write_json

logger = logging.getLogger("convgan")

_AT_ONCE = 1024  # seeds whose pictures are in memory before they are written
_TRIED = 100  # seeds for each picture that an evaluator is to find
_FILM_SIDE = 280  # pixels, about, of a film


@dataclass(frozen=True)
class Wanted:
    """What is asked of a generator."""

    seeds: Sequence[int]
    fill: bool = False
    """Whether seeds after the last may be taken until there are as many of `class_name`."""
    class_name: str | None = None
    truncation: float | None = None
    which: Which | None = None


class _Picture(BaseModel):
    file: str
    seed: int
    class_name: str | None = Field(alias="class")


class _Index(BaseModel):
    """What `seeds.json` says beside the settings."""

    pictures: list[_Picture]


class Source:
    """A run's generator, ready to be asked.

    Raises:
        UsageError: the run has no such generator, or the class is none of its own and no evaluator
            knows it.
        DataError: the network is missing or damaged.
    """

    def __init__(self, run: Run, wanted: Wanted) -> None:
        config = run.config()
        if not isinstance(config, GanRunConfig):
            raise DataError(f"{run.folder}: run.json describes a DCGAN, config.yaml does not")
        if wanted.truncation is not None and not wanted.truncation >= LEAST_TRUNCATION:
            raise UsageError(
                f"--truncation is {wanted.truncation:g}, expected at least {LEAST_TRUNCATION}; "
                "2 keeps 95 % of the values"
            )
        self.path, self.checkpoint = choose_generator(run, wanted.which)
        self.run, self.wanted, self.config = run, wanted, config
        self.given: GivenClasses | None = given_classes(run) if config.conditional else None
        self.saved = read_network(self.path)
        self.judge: Evaluator | None = None
        label = self._label(wanted.class_name)
        self.generator = SeededGenerator(
            self.saved.network,
            np.array(self.given.fractions) if self.given else None,
            wanted.truncation,
            None if self.judge else label,
        )
        self._judged_label = label

    @property
    def settings(self) -> dict[str, Any]:
        """What a seed's picture depends on."""
        return {
            "run": self.run.name,
            "network_sha256": self.saved.sha256,
            "which": self.checkpoint.which,
            "epoch": self.checkpoint.epoch,
            "class": self.wanted.class_name,
            "truncation": self.wanted.truncation,
        }

    def parts(self) -> Iterator[tuple[list[int], NDArray[np.uint8]]]:
        """Return seeds and their pictures (N, H, W, C), some at a time."""
        seeds = list(self.wanted.seeds)
        if self.judge is None:
            for start in range(0, len(seeds), _AT_ONCE):
                part = seeds[start : start + _AT_ONCE]
                yield part, self.generator.pictures(part)
            return
        looked = kept = 0
        most = _TRIED * len(seeds) if self.wanted.fill else len(seeds)
        count = len(seeds)
        seeds += range(max(seeds) + 1, max(seeds) + 1 + most - count)
        for start in range(0, most, _AT_ONCE):
            part = seeds[start : start + _AT_ONCE]
            images = self.generator.pictures(part)
            found = self.judge.predict(images).logits.argmax(axis=1)
            fitting = np.flatnonzero(found == self._judged_label)[: count - kept]
            kept += len(fitting)
            looked += len(part) if kept < count else int(fitting[-1]) + 1
            yield [part[index] for index in fitting], images[fitting]
            if kept == count:
                break
        logger.info(
            "this GAN was not asked for classes: %s takes %d of %d pictures for %s",
            self.judge.name, kept, looked, self.wanted.class_name,
        )  # fmt: skip

    def _label(self, name: str | None) -> int | None:
        """Return the class by its name; if the GAN knows no such, an evaluator that does."""
        if name is None:
            return None
        own = self.given.names if self.given else ()
        if name in own:
            return own.index(name)
        known = own
        if not self.given or self.given.clusters:
            judge = bundled_evaluator(self.config.data.name)
            fits = judge and judge.image_shape == self.saved.network.output_shape[1:]
            known = DATASETS[self.config.data.name].class_names if fits else own
            if name in known and fits:
                self.judge = judge
                return known.index(name)
        otherwise = f"expected one of {', '.join(known)}"
        if not known:
            otherwise = "this GAN was given no classes, and no evaluator knows them"
        raise UsageError(f"got the class {name!r:.80}; {did_you_mean(name, known, otherwise)}")


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
    by_seed = {each.seed: each for each in listed}
    for seeds, images in source.parts():
        for seed, image, name in zip(seeds, images, _names(source, seeds), strict=True):
            file = f"seed-{seed:04d}.png"
            made = _Picture.model_validate({"file": file, "seed": seed, "class": name})
            save_png(folder / made.file, image, flush=False)  # a seed gives it again
            by_seed[seed] = made
        pictures = [by_seed[seed].model_dump(by_alias=True) for seed in sorted(by_seed)]
        write_json(path, source.settings | {"pictures": pictures})
    return folder


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
    """Write an npz archive: `images` uint8 (N, H, W, C), `seeds` (N,), `labels` (N,) if any."""
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
    seeds = list(source.wanted.seeds)
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
