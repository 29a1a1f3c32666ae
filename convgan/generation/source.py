"""A run's generator and what is asked of it, ready to make pictures."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convgan.config import GanRunConfig
from convgan.errors import DataError, UsageError, did_you_mean
from convgan.evaluation.evaluator import Evaluator, bundled_evaluator
from convgan.evaluation.generator import Which, choose_generator
from convgan.generation.latents import Latents, join_latents, read_latents
from convgan.generation.seeds import LEAST_TRUNCATION, SeededGenerator
from convgan.models.network_file import read_network
from convgan.registry import DATASETS
from convgan.runs import Run
from convgan.runs.classes import GivenClasses, given_classes

logger = logging.getLogger("convgan")

_AT_ONCE = 1024  # seeds whose pictures are in memory before they are written
_TRIED = 100  # seeds for each picture that an evaluator is to find


@dataclass(frozen=True)
class Wanted:
    """What is asked of a generator."""

    seeds: Sequence[int | Path]
    """A path is that of an npz file of latent vectors."""
    fill: bool = False
    """Whether seeds after the last may be taken until there are as many of `class_name`."""
    class_name: str | None = None
    truncation: float | None = None
    which: Which | None = None


class Source:
    """A run's generator, ready to be asked.

    Raises:
        UsageError: the run has no such generator, or the class is none of its own and no evaluator
            knows it.
        DataError: the network, or a file of latent vectors, is missing or damaged.
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
        self._judged_label = self._label(wanted.class_name)
        label = None if self.judge else self._judged_label
        self.seeds: list[int] = []
        """Those wanted; negative ones stand for the vectors of files."""
        self._files: list[str] = []
        self.generator = SeededGenerator(
            self.saved.network,
            np.array(self.given.fractions) if self.given else None,
            wanted.truncation,
            label,
            self._read_listed(len(self.given.names) if self.given and label is None else 0),
        )

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
        seeds = list(self.seeds)
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

    def file_name(self, seed: int) -> str:
        """Return what the PNG file of a seed's picture is called."""
        return f"seed-{seed:04d}.png" if seed >= 0 else self._files[-1 - seed]

    def _read_listed(self, num_classes: int) -> Latents | None:
        """List the seeds, and return the vectors of files among them, if any."""
        read = []
        for each in self.wanted.seeds:
            if not isinstance(each, Path):
                self.seeds.append(each)
                continue
            read.append(read_latents(each, self.saved.network.inputs[0].shape[-1], num_classes))
            names = [f"{each.stem[:100]}-z{row:04d}.png" for row in range(len(read[-1].z))]
            if names[0] in self._files:
                raise UsageError(f"got two files called {each.name} in --seeds: rename one")
            self._files += names
            self.seeds += range(len(names) - len(self._files) - 1, -len(self._files) - 1, -1)
        return join_latents(read) if read else None

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
