"""What the training recipes share: the options of a job, and the story that its run tells."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from convgan.config import Config, Train
from convgan.data import Dataset, ImageSet
from convgan.hardware import source_commit, versions
from convgan.recipes.report import report_run
from convgan.runs import Run, now
from convgan.training import Stopped, TrainingState, epoch_end
from convgan.training.callbacks import Curves, MetricsLog
from convgan.training.loop import compile_steps
from convgan.training.progress import ProgressBar
from convgan.training.tensorboard import TensorBoard

logger = logging.getLogger("convgan")
_TINY = 4  # pictures of a dry run's batch


@dataclass(frozen=True)
class Job:
    """Where and how a training runs; nothing here changes its result."""

    out: Path
    name: str
    device: str
    command: str
    dry_run: bool = False
    resume: Run | None = None


def total_steps(config: Train, pictures: int) -> int:
    """Return the steps of the whole training."""
    return epoch_end(config.epochs - 1, pictures, config.batch_size)


def try_one_step(task: Any, pictures: ImageSet) -> None:
    """Make one update on a tiny batch; what a dry run ends with."""
    batch = pictures.head(_TINY)
    logs = compile_steps(task, batch, len(batch))(1)
    numbers = ", ".join(f"{name} {float(value):.4f}" for name, value in logs.items())
    logger.info("dry run: one step on %d pictures gave %s; nothing was kept", len(batch), numbers)


def open_run(job: Job, config: Config, dataset: Dataset, task: Any) -> tuple[Run, TrainingState]:
    """Make the run folder, or go on in the one to be resumed from its newest checkpoint."""
    run = job.resume or Run.create(job.out, job.name, config)
    state = TrainingState(run.folder / "checkpoints", task, keep=config.train.keep_checkpoints)
    if job.resume:
        state.restore_newest()
        run.keep_config(config)
        run.rewind(state.progress.step)
        logger.info("going on with %s after step %d", run.folder, state.progress.step)
    train, test = dataset.train, dataset.test
    run.update(
        status="running",
        command=job.command,
        commit=source_commit(),
        versions=versions(),
        device=job.device,
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


def common_callbacks(
    run: Run, state: TrainingState, config: Train, pictures: int
) -> list[keras.callbacks.Callback]:
    """Return what happens beside both trainings, after what each does of its own."""
    return [
        ProgressBar(state, config, total_steps(config, pictures)),
        MetricsLog(run, state, pictures / config.batch_size),
        Curves(run),
        TensorBoard(run, state),
    ]


@contextmanager
def recorded(run: Run) -> Iterator[None]:
    """Write into the manifest how the run ends, and draw its report."""
    try:
        yield
    except Stopped as stop:
        run.update(status="interrupted", finished=now())
        again = f"convgan train-{run.task} --resume {run.folder}"
        stop.args = (f"{stop}; everything is saved. Go on with: {again}",)
        raise
    except BaseException as error:
        run.update(status="failed", finished=now(), error=f"{type(error).__name__}: {error}")
        raise
    run.update(status="finished", finished=now())
    report_run(run)
