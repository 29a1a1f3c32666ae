"""A run's folder, new or to be gone on with, and the state in it."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Any

import keras

from convgan import __version__
from convgan.config import Config, check_config, config_hash, differing_keys, identity
from convgan.data import Dataset
from convgan.errors import UsageError
from convgan.hardware import source_commit, versions
from convgan.recipes.job import RunOptions
from convgan.runs import Run
from convgan.training import TrainingState
from convgan.training.checkpoint import DamagedCheckpoint

logger = logging.getLogger("convgan")


def open_run(
    job: RunOptions, config: Config, dataset: Dataset, task: Any
) -> tuple[Run, TrainingState]:
    """Make the run folder, or go on in the one to be resumed from its newest whole checkpoint.

    Raises:
        UsageError: another process writes there, or its checkpoints are of another training.
        RunError: no checkpoint is whole.
    """
    run = job.resume or Run.create(job.out, job.name, config)
    run.lock()
    train, test = dataset.train, dataset.test
    state = TrainingState(
        run.folder / "checkpoints",
        task,
        keep=config.train.keep_checkpoints,
        about={
            "convgan": __version__,
            "config": config.model_dump(mode="json"),
            "config_sha256": config_hash(identity(config)),
            "pictures_sha256": train.fingerprint,
        },
        check=partial(_check_same, config, train.fingerprint),
        before_save=run.flush,
    )
    if job.resume:
        try:
            _go_on(run, state, config)
        except BaseException:
            run.release()
            raise
    run.update(
        status="running",
        finished=None,
        error=None,
        command=job.command,
        commit=source_commit(),
        versions=versions(),
        device=job.device,
        precision=keras.config.dtype_policy().name,
        seed=config.seed,
        data={
            "name": train.name,
            "origin": train.origin,
            "train": {"count": len(train), "sha256": train.fingerprint},
            "test": {"count": len(test), "sha256": test.fingerprint},
        },
        parameters={name: network.count_params() for name, network in task.networks.items()},
    )
    logger.info(
        "%s: %s training pictures (%s), %d epochs, %s",
        run.folder, f"{len(train):,}", train.origin, config.train.epochs, job.device,
    )  # fmt: skip
    return run, state


def _go_on(run: Run, state: TrainingState, config: Config) -> None:
    if state.checkpoints():
        state.restore_newest()
        logger.info("going on with %s after step %d", run.folder, state.progress.step)
    else:
        logger.info("%s has no checkpoint yet: it begins at the beginning", run.folder)
    before, now = run.config().train.epochs, config.train.epochs
    if before != now and config.train.schedule != "constant" and state.progress.step:
        logger.warning(
            "train.epochs was %d and is %d: the learning rates follow the new schedule from here, "
            "so the result is not that of %d epochs in one go",
            before, now, now,
        )  # fmt: skip
    run.keep_config(config)
    run.rewind(state.progress.step)


def _check_same(config: Config, pictures: str, path: Path, header: dict[str, Any]) -> None:
    """Refuse a checkpoint of another training, and say what differs."""
    if header.get("config_sha256") != config_hash(identity(config)):
        before = header.get("config")
        if not isinstance(before, dict):
            raise DamagedCheckpoint(f"{path} does not say its configuration")
        differing = differing_keys(identity(check_config(before, str(path))), identity(config))
        if differing:
            lines = "\n  ".join(differing)
            raise UsageError(
                f"{path} was made with another configuration:\n  {lines}\n"
                "Go on with the run's own, or start a new run with this one"
            )
    if header.get("pictures_sha256") != pictures:
        raise UsageError(
            f"{path} was made with other training pictures: their SHA-256 was "
            f"{header.get('pictures_sha256')!r:.80}, and is {pictures!r}. Give the run its own "
            "pictures (data.folder, CONVGAN_DATA), or start a new run"
        )
