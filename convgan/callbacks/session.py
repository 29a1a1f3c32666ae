"""A training's run folder: new or resumed, with how the training ended, and closed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras

from convgan import __version__
from convgan.arrays import DamagedFile
from convgan.callbacks.log import Curves, MetricsLog
from convgan.callbacks.progress import ProgressBar
from convgan.callbacks.tensorboard import TensorBoard
from convgan.config import Config, check_config, differing_keys, identity
from convgan.data import Dataset
from convgan.errors import ConvganError, UsageError, counted
from convgan.hardware import source_commit, versions
from convgan.reporting.run_report import report_run
from convgan.runs import Run, now
from convgan.training.callback import Callback
from convgan.training.loop import NotFinite, Stopped, steps_per_epoch, total_steps
from convgan.training.state import TrainingState
from convgan.training.task import Task
from convgan.workers import check_same

logger = logging.getLogger("convgan")


@dataclass(frozen=True)
class RunOptions:
    """Where and how a training runs, beside its configuration."""

    out: Path
    name: str
    device: str
    command: str
    dry_run: bool = False
    resume: Run | None = None
    init_from: Run | None = None
    """Whose networks give a new training its first weights, see `start_from`."""
    origin: dict[str, Any] | None = None
    """What the manifest says of them."""


@contextmanager
def training_session(
    options: RunOptions, config: Config, dataset: Dataset, task: Task, *, advice: str
) -> Iterator[tuple[Run, TrainingState]]:
    """Make the run folder, or go on in the one to be resumed; write into it how the block ends.

    Args:
        options: where to, and what is resumed.
        config: of the training.
        dataset: all its pictures, held-out ones included.
        task: what is trained.
        advice: what to change where a number is not finite, in words.

    Raises:
        UsageError: another process writes there, its checkpoints are of another training, or the
            workers differ.
        RunError: no checkpoint is undamaged. And what the block raises, with how to resume.
    """
    check_same(
        {
            "configuration": json.dumps(identity(config), sort_keys=True),
            "set of pictures": dataset.train.fingerprint,
            "network to start from": str(options.origin and options.origin["networks"]),
            "version of Python, TensorFlow, Keras, NumPy or convgan": str(versions()),
        }
    )
    entries = {"init_from": options.origin} if options.origin else {}
    run = options.resume or Run.create(options.out, options.name, config, **entries)
    run.lock()
    try:
        state = _open_state(run, config, dataset, task)
        if options.resume:
            _resume(run, state, config)
        _introduce(run, options, config, dataset, task)
        with _recorded_end(run, state, advice):
            yield run, state
    finally:
        run.release()


def common_callbacks(
    run: Run, state: TrainingState, config: Config, pictures: int
) -> list[Callback]:
    """Return what happens beside both trainings, after what each does of its own."""
    return [
        ProgressBar(state, config.train, total_steps(config.train, pictures)),
        MetricsLog(run, state, steps_per_epoch(config.train, pictures)),
        Curves(run),
        TensorBoard(run, state),
    ]


def _open_state(run: Run, config: Config, dataset: Dataset, task: Task) -> TrainingState:
    pictures = dataset.train.fingerprint
    return TrainingState(
        run.folder / "checkpoints",
        task,
        keep=config.runtime.keep_checkpoints,
        about={
            "convgan": __version__,
            "config": config.model_dump(mode="json"),
            "pictures_sha256": pictures,
        },
        check=partial(_check_same, config, pictures),
        before_save=run.flush,
    )


def _introduce(run: Run, options: RunOptions, config: Config, dataset: Dataset, task: Task) -> None:
    """Write into the manifest, and say, what begins."""
    train, test = dataset.train, dataset.test
    run.update(
        status="running",
        finished=None,
        error=None,
        command=options.command,
        commit=source_commit(),
        versions=versions(),
        device=options.device,
        precision=keras.config.dtype_policy().name,
        seed=config.seed,
        data={
            "name": train.name,
            "origin": train.origin,
            "train": {"count": len(train), "sha256": train.fingerprint},
            "test": {"count": len(test), "sha256": test.fingerprint},
            "left_out": {"count": len(dataset.left_out), "first": list(dataset.left_out[:10])},
        },
        parameters={name: network.count_params() for name, network in task.networks.items()},
    )
    logger.info(
        "%s: %s training pictures (%s), %s, %s",
        run.folder, f"{len(train):,}", train.origin,
        counted(config.train.epochs, "epoch"), options.device,
    )  # fmt: skip
    if options.init_from:
        logger.info("it begins with the weights of %s", options.init_from.folder)


def _resume(run: Run, state: TrainingState, config: Config) -> None:
    """Restore the newest checkpoint, and bring the folder to where that is."""
    if state.checkpoints():
        state.restore_newest()
        logger.info("going on with %s after step %d", run.folder, state.progress.step)
    elif origin := run.manifest.get("init_from"):
        raise UsageError(
            f"{run.folder} has no checkpoint yet, and was to begin with the weights of another "
            f"run; start it anew, with --init-from {origin['run']}"
        )
    else:
        logger.info("%s has no checkpoint yet: it begins at the beginning", run.folder)
    before, now = run.config().train.epochs, config.train.epochs
    if before != now and config.train.schedule != "constant" and state.progress.step:
        logger.warning(
            "train.epochs was %d and is %d: the learning rates follow the new schedule from here, "
            "so the result is not that of a run made in one go",
            before, now,
        )  # fmt: skip
    elif run.manifest.get("status") == "finished" and before == now:
        logger.warning(
            "%s is finished, and nothing is left to train; for longer: --epochs %d",
            run.folder, now + 1,
        )  # fmt: skip
    run.keep_config(config)
    run.rewind(state.progress.step)


def _check_same(config: Config, pictures: str, path: Path, header: dict[str, Any]) -> None:
    """Refuse a checkpoint of another training, and say what differs."""
    before = header.get("config")
    if not isinstance(before, dict):
        raise DamagedFile(f"{path} does not say its configuration")
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


@contextmanager
def _recorded_end(run: Run, state: TrainingState, advice: str) -> Iterator[None]:
    """Write into the manifest how the run ends, and draw its report."""
    again = f"convgan train-{run.task} --resume {run.folder}"
    try:
        yield
    except (Stopped, KeyboardInterrupt) as stop:  # the second comes after the last step
        run.update(status="interrupted", finished=now())
        if isinstance(stop, Stopped):
            stop.args = (f"{stop}; everything is saved. Go on with: {again}",)
        raise
    except BaseException as error:
        if isinstance(error, NotFinite):
            more = f". Or go on from here with other noise: {again} --set runtime.on_nan=rollback"
            tried = f", after {counted(error.rollbacks, 'rollback')}" if error.rollbacks else more
            error.args = (
                f"{error}; the state from before it is saved, as step {state.progress.step}. Try, "
                f"in a new run, {advice}{tried}",
            )
        run.update(status="failed", finished=now(), error=f"{type(error).__name__}: {error}")
        raise
    run.update(status="finished", finished=now(), training_seconds=state.progress.seconds)
    try:
        report_run(run)
    except ConvganError as error:  # the training is done all the same
        logger.warning("no report: %s", error)
