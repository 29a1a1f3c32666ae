"""A training by any configuration: by its task's recipe, on all replicas and workers."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from convgan.callbacks.session import RunOptions
from convgan.config import ClassifierRunConfig, Config
from convgan.recipes.train_classifier import train_classifier
from convgan.recipes.train_dcgan import train_dcgan
from convgan.replicas import on_replicas
from convgan.runs import Run
from convgan.workers import told_by_all, workers


def train(config: Config, options: RunOptions) -> Run | None:
    """Return the run; None where none is kept, or it is another worker's."""
    count, settings = int(config.runtime.replicas), config.train
    with on_replicas(count, settings.batch_size, xla=settings.xla), _own_run(options) as own:
        if isinstance(config, ClassifierRunConfig):
            done = train_classifier(config, own)
        else:
            done = train_dcgan(config, own)
    return done if workers().index == 0 else None


@contextmanager
def _own_run(options: RunOptions) -> Iterator[RunOptions]:
    """Give each worker but the chief a run folder of its own, which nobody sees.

    It trains, saves and goes back as the chief does, and says nothing. One that is resumed begins
    with a copy of the chief's, which all must be able to read.
    """

    def all_are_ready() -> None:
        """Wait: the chief changes nothing before the others have their copies."""
        told_by_all(np.zeros(1, np.int32))

    if workers().index == 0:
        all_are_ready()
        yield options
        return
    logging.getLogger("convgan").setLevel(logging.ERROR)
    with TemporaryDirectory(prefix="convgan-worker-") as folder:
        own = replace(options, out=Path(folder))
        if options.resume:
            copy = Path(folder, options.resume.name)
            shutil.copytree(options.resume.folder, copy)
            own = replace(own, resume=Run.open(copy))
        all_are_ready()
        yield own
