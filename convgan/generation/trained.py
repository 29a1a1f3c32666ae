"""A run's generator and what is asked of it, ready to make pictures."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convgan.config import GanRunConfig
from convgan.errors import UsageError, did_you_mean
from convgan.evaluation.evaluator import Evaluator, bundled_evaluator
from convgan.evaluation.generator import Which, choose_generator
from convgan.generation.latents import Latents, join_latents, read_latents
from convgan.generation.seeds import SeededGenerator
from convgan.models.network_file import read_network
from convgan.registry import DATASETS
from convgan.runs import Run
from convgan.runs.classes import GivenClasses, given_classes

logger = logging.getLogger("convgan")

_AT_ONCE = 1024  # seeds whose pictures are in memory before they are written
_LEAST_TRUNCATION = 0.1
_TRIED = 100  # seeds for each picture that an evaluator is to find


class TrainedGenerator:
    """A run's generator, ready to be asked.

    Args:
        run: of a GAN.
        seeds: what pictures are asked of it; a path is that of an npz file of latent vectors.
        fill: whether seeds after the last may be taken until there are as many of `class_name`.
        class_name: the class of all pictures; None: each seed's own.
        truncation: latent values beyond ± this one are drawn again; None: they stay.
        which: of the run's generators; None: the best if one was kept, else the last.

    Raises:
        UsageError: the run has no such generator, or the class is none of its own and no evaluator
            knows it.
        DataError: the network, or a file of latent vectors, is missing or damaged.
    """

    def __init__(
        self,
        run: Run,
        seeds: Sequence[int | Path] = (),
        *,
        fill: bool = False,
        class_name: str | None = None,
        truncation: float | None = None,
        which: Which | None = None,
    ) -> None:
        if truncation is not None and not truncation >= _LEAST_TRUNCATION:
            raise UsageError(
                f"--truncation is {truncation:g}, expected at least {_LEAST_TRUNCATION}; "
                "2 keeps 95 % of the values"
            )
        self.run, self.config = run, run.config_of(GanRunConfig)
        self.path, self.checkpoint = choose_generator(run, which)
        self.given: GivenClasses | None = given_classes(run) if self.config.conditional else None
        self.saved = read_network(self.path)
        self.class_name, self.fill = class_name, fill
        self.evaluator: Evaluator | None = None
        """What finds pictures of a class that the GAN itself does not know."""
        self._label = None if class_name is None else self._find_class(class_name)
        label = None if self.evaluator else self._label
        self.seeds: list[int] = []
        """Those wanted; negative ones stand for the vectors of files."""
        self._files: list[str] = []
        self.generator = SeededGenerator(
            self.saved.network,
            np.array(self.given.fractions) if self.given else None,
            truncation,
            label,
            self._list(seeds, len(self.given.names) if self.given and label is None else 0),
        )

    @property
    def settings(self) -> dict[str, Any]:
        """What a seed's picture depends on."""
        return {
            "run": self.run.name,
            "network_sha256": self.saved.sha256,
            **self.checkpoint.model_dump(include={"which", "epoch"}),
            "class": self.class_name,
            "truncation": self.generator.truncation,
        }

    def parts(self) -> Iterator[tuple[list[int], NDArray[np.uint8]]]:
        """Return seeds and their pictures (N, H, W, C), some at a time."""
        seeds, wanted = list(self.seeds), len(self.seeds)
        if self.evaluator and self.fill:
            seeds += range(max(seeds) + 1, max(seeds) + 1 + (_TRIED - 1) * wanted)
        looked = fitting = 0
        for start in range(0, len(seeds), _AT_ONCE):
            part = seeds[start : start + _AT_ONCE]
            images = self.generator.pictures(part)
            if self.evaluator:
                found = self.evaluator.predict(images).logits.argmax(axis=1)
                chosen = np.flatnonzero(found == self._label)
                kept = chosen[: wanted - fitting]
                looked, fitting = looked + len(part), fitting + len(chosen)
                part, images = [part[index] for index in kept], images[kept]
            yield part, images
            if fitting >= wanted:
                break
        if self.evaluator:
            logger.info(
                "this GAN was not asked for classes: %s takes %d of %d pictures for %s",
                self.evaluator.name, fitting, looked, self.class_name,
            )  # fmt: skip

    def class_names(self, seeds: Sequence[int]) -> list[str | None]:
        """Return the class of each seed's picture, None where nothing was asked for."""
        labels = None if self.evaluator else self.generator.labels(seeds)
        if labels is None or self.given is None:
            return [self.class_name] * len(seeds)
        return [self.given.names[label] for label in labels]

    def file_name(self, seed: int) -> str:
        """Return what the PNG file of a seed's picture is called."""
        return f"seed-{seed:04d}.png" if seed >= 0 else self._files[-1 - seed]

    def _list(self, seeds: Sequence[int | Path], num_classes: int) -> Latents | None:
        """List the seeds, and return the vectors of files among them, if any."""
        read = []
        for each in seeds:
            if not isinstance(each, Path):
                self.seeds.append(each)
                continue
            read.append(read_latents(each, self.saved.network.inputs[0].shape[-1], num_classes))
            names = [f"{each.stem[:100]}-z{row:04d}.png" for row in range(len(read[-1].z))]
            if names[0] in self._files:
                raise UsageError(f"got two files called {each.name} in --seeds: rename one")
            first = len(self._files)
            self._files += names
            self.seeds += [-1 - row for row in range(first, len(self._files))]
        return join_latents(read) if read else None

    def _find_class(self, name: str) -> int:
        """Return the class by its name; if the GAN knows no such, an evaluator that does."""
        known = self.given.names if self.given else ()
        if name not in known and (not self.given or self.given.clusters):
            evaluator = bundled_evaluator(self.config.data.name)
            if evaluator and evaluator.image_shape == self.saved.network.output_shape[1:]:
                self.evaluator, known = evaluator, DATASETS[self.config.data.name].class_names
        if name in known:
            return known.index(name)
        otherwise = f"expected one of {', '.join(known)}"
        if not known:
            otherwise = "this GAN was given no classes, and no evaluator knows them"
        raise UsageError(f"got the class {name!r:.80}; {did_you_mean(name, known, otherwise)}")
