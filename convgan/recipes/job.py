"""What the training recipes share: the options of a job, and the story that its run tells."""

from __future__ import annotations

import logging
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from convgan.callbacks.progress import ProgressBar
from convgan.callbacks.tensorboard import TensorBoard
from convgan.callbacks.writing import Curves, MetricsLog
from convgan.config import Train
from convgan.data import ImageSet
from convgan.errors import DataError, RunError
from convgan.hardware import make_deterministic
from convgan.reporting.run_report import report_run
from convgan.runs import Run, now
from convgan.training import Stopped, TrainingState, epoch_end
from convgan.training.steps import compile_steps
from convgan.training.timing import seconds_per_step

logger = logging.getLogger("convgan")
_TINY = 4  # pictures of a dry run's batch


@dataclass(frozen=True)
class RunOptions:
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


def dry_run(task: Any, pictures: ImageSet, config: Train) -> None:
    """Make one update on a tiny batch; what a dry run ends with.

    With `train.deterministic`, measure what that costs.
    """
    batch = pictures.head(_TINY)
    logs = compile_steps(task, batch, len(batch), xla=config.xla)(1).logs
    numbers = ", ".join(f"{name} {value:.4f}" for name, value in logs.items())
    logger.info("dry run: one step on %d pictures gave %s", len(batch), numbers)
    if config.deterministic:
        logger.info("measuring what train.deterministic costs …")
        usual = _step_milliseconds(task, pictures, config)
        make_deterministic()
        exact = _step_milliseconds(task, pictures, config)
        logger.info(
            "a step takes %.1f ms, and %.1f ms with train.deterministic (%+.0f %%)",
            usual, exact, 100 * (exact / usual - 1),
        )  # fmt: skip
    logger.info("nothing was kept")


def _step_milliseconds(task: Any, pictures: ImageSet, config: Train) -> float:
    steps = compile_steps(task, pictures, config.batch_size, xla=config.xla)
    return 1e3 * statistics.median(seconds_per_step({"": steps})[""])


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
    except KeyboardInterrupt:  # after the last step
        run.update(status="interrupted", finished=now())
        raise
    except BaseException as error:
        run.update(status="failed", finished=now(), error=f"{type(error).__name__}: {error}")
        raise
    else:
        run.update(status="finished", finished=now())
        try:
            report_run(run)
        except (DataError, RunError) as error:  # the training is done all the same
            logger.warning("no report: %s", error)
    finally:
        run.release()
