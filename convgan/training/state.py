"""Everything a resume needs, saved and restored as one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import tensorflow as tf
from pydantic import TypeAdapter, ValidationError

from convgan.arrays import DamagedFile, form_of, read_arrays, read_header, write_arrays
from convgan.errors import DataError, RunError
from convgan.files import checkpoints
from convgan.models.network_file import named_variables
from convgan.training.task import Task

logger = logging.getLogger("convgan")


@dataclass
class Progress:
    """Where a training is, without the tensors."""

    step: int = 0
    seconds: float = 0.0
    """Time spent in training steps."""
    best: dict[str, int | float] = field(default_factory=dict)
    """The best epoch so far: its number and step, which stay whole, and validation numbers."""
    totals: dict[str, float] = field(default_factory=dict)
    """This epoch's logs so far, summed over its steps; a stop in its middle keeps them."""
    counted: int = 0
    """The steps in `totals`."""

    def add(self, logs: dict[str, float], steps: int) -> None:
        """Count `steps` steps, whose mean logs these are."""
        self.step += steps
        self.counted += steps
        for name, value in logs.items():
            self.totals[name] = self.totals.get(name, 0.0) + value * steps

    def end_epoch(self) -> dict[str, float]:
        """Return the means over the epoch's steps, and begin the next."""
        means = {name: total / self.counted for name, total in self.totals.items()}
        self.totals, self.counted = {}, 0
        return means


class TrainingState:
    """A task's variables and the progress, in a folder of checkpoints: one safetensors file each.

    Args:
        folder: of the checkpoints.
        task: its networks, optimizers, counters and extra variables are what is saved.
        keep: how many of the newest checkpoints stay, in addition to that of the best epoch.
        about: JSON values that each checkpoint has in addition to the progress.
        check: called with a checkpoint's header before it is restored; raises if it is of
            another training.
        before_save: called before a checkpoint is written, to bring to the disk what belongs to
            it, such as the log; raises RunError if it cannot.
    """

    def __init__(
        self,
        folder: Path,
        task: Task,
        *,
        keep: int = 3,
        about: dict[str, Any] | None = None,
        check: Callable[[Path, dict[str, Any]], None] = lambda _path, _header: None,
        before_save: Callable[[], None] = lambda: None,
    ) -> None:
        self.folder = folder
        self.keep = keep
        self.about = about or {}
        self.check = check
        self.before_save = before_save
        self.progress = Progress()
        counters = {"step": task.step, "rollbacks": task.rollbacks}
        self._variables = counters | dict(task.extra_variables)
        for name, part in (*task.networks.items(), *task.optimizers.items()):
            self._variables |= named_variables(name, part.variables)  # dropout's seeds included

    def save(self) -> Path:
        """Write a checkpoint of this step and drop the oldest.

        Raises:
            RunError: it cannot be written; those before it stay.
        """
        self.before_save()
        path = self._path(self.progress.step)
        header = {**self.about, "progress": asdict(self.progress)}
        write_arrays(path, header, {name: v.numpy() for name, v in self._variables.items()})
        best = self._path(int(self.progress.best.get("step", self.progress.step)))
        for old in self.checkpoints()[: -self.keep]:
            if old != best:
                old.unlink(missing_ok=True)
        return path

    def checkpoints(self) -> list[Path]:
        """Return the checkpoints in the folder, oldest first."""
        return checkpoints(self.folder)

    def restore_newest(self) -> None:
        """Put the newest whole checkpoint into the variables and the progress.

        Damaged ones are reported, and set aside under a name of their own when a whole one is
        found.

        Raises:
            RunError: there is none, or it cannot be read now.
            DataError: it does not fit this configuration, or is of another format.
        """
        damaged: list[tuple[Path, DamagedFile]] = []
        for path in reversed(self.checkpoints()):
            try:
                self.restore(path)
                break
            except DamagedFile as error:
                damaged.append((path, error))
        else:
            reasons = "".join(f"\n  {reason}" for _, reason in damaged)
            raise RunError(
                f"there is no whole checkpoint in {self.folder}; start the run anew{reasons}"
            )
        for path, reason in damaged:
            aside = path.with_suffix(".damaged")
            with suppress(OSError):
                path.replace(aside)
            logger.warning("%s; it is now %s, and the one before is used", reason, aside.name)

    def restore(self, path: Path) -> None:
        """Put a checkpoint into the variables and the progress.

        Raises:
            DamagedFile: it is not what was written.
            DataError: it does not fit this configuration, or is of another format.
        """
        self.check(path, read_header(path))
        forms = {name: form_of(variable) for name, variable in self._variables.items()}
        header, values = read_arrays(path, forms)
        try:
            progress = _PROGRESS.validate_python(header.get("progress"))
        except ValidationError as error:
            raise DamagedFile(f"{path} is damaged: its progress is {error}") from error
        for name, variable in self._variables.items():
            variable.assign(values[name])
        vars(self.progress).update(vars(progress))  # in place: callbacks hold it

    @contextmanager
    def as_of(self, step: int) -> Iterator[None]:
        """Give the variables for a while the values of the checkpoint of this step.

        Raises:
            DataError: it is missing, or as `restore`.
        """
        path = self._path(step)
        if not path.is_file():
            raise DataError(f"{path} is missing")
        before, progress = self.snapshot(), dict(vars(self.progress))
        self.restore(path)
        try:
            yield
        finally:
            self.put_back(before)
            vars(self.progress).update(progress)

    def snapshot(self) -> list[tf.Tensor]:
        """Return the variables' values, which later steps do not change; for `put_back`."""
        return [tf.identity(variable.value) for variable in self._variables.values()]

    def put_back(self, snapshot: list[tf.Tensor]) -> None:
        """Give the variables the values that they had; the progress is not touched."""
        for variable, value in zip(self._variables.values(), snapshot, strict=True):
            variable.assign(value)

    def _path(self, step: int) -> Path:
        return self.folder / f"step-{step:09d}.safetensors"


_PROGRESS = TypeAdapter(Progress)
