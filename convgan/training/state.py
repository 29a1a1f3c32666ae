"""Everything a resume needs, saved and restored as one."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from convgan.errors import RunError
from convgan.files import replacing

FORMAT = 1


@dataclass
class Progress:
    """Where a training is, beside the tensors."""

    step: int = 0
    seconds: float = 0.0
    """Time spent in training steps."""
    best: dict[str, float] = field(default_factory=dict)
    """The best epoch so far: its number, step and validation numbers."""
    totals: dict[str, float] = field(default_factory=dict)
    """This epoch's logs so far, summed over its steps; a stop in its middle keeps them."""
    counted: int = 0
    """The steps in `totals`."""

    def add(self, logs: dict[str, float], steps: int) -> None:
        """Count so many steps, whose mean logs these are."""
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
    """The variables of a task and of its optimizers, and the progress, as one file a save.

    A checkpoint is an `.npz` archive without pickle: one array a variable, in a fixed order
    and named after it, and one JSON text.
    """

    def __init__(self, folder: Path, task: Any, *, keep: int = 3) -> None:
        self.folder = folder
        self.keep = keep
        self.progress = Progress()
        variables = list(task.variables)  # networks, the average, dropout's seeds, the step
        for optimizer in task.optimizers:
            variables += optimizer.variables
        unique = {id(variable): variable for variable in variables}.values()
        self._variables = {
            f"{n:04d}/{_name(variable)}": variable for n, variable in enumerate(unique)
        }

    def save(self) -> Path:
        """Write a checkpoint of this step and drop the oldest."""
        path = self.folder / f"step-{self.progress.step:09d}.npz"
        arrays = {name: np.asarray(variable.value) for name, variable in self._variables.items()}
        header = {"format": FORMAT, "progress": asdict(self.progress)}
        text = np.frombuffer(json.dumps(header).encode(), np.uint8)
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, header=text, **arrays)
        for old in self.checkpoints()[: -self.keep]:
            old.unlink(missing_ok=True)
        return path

    def checkpoints(self) -> list[Path]:
        """Return the checkpoints in the folder, oldest first."""
        found = self.folder.glob("step-*.npz")
        return sorted(path for path in found if re.fullmatch(r"step-\d{9}\.npz", path.name))

    def restore_newest(self) -> None:
        """Put the newest checkpoint into the variables and the progress.

        Raises:
            RunError: there is none, it is damaged, or does not fit this configuration.
        """
        found = self.checkpoints()
        if not found:
            raise RunError(f"there is no checkpoint in {self.folder}; start the run anew")
        self.restore(found[-1])

    def restore(self, path: Path) -> None:
        """Put a checkpoint into the variables and the progress.

        Raises:
            RunError: it is damaged, or does not fit this configuration.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                header = json.loads(archive["header"].tobytes())
                values = {name: archive[name] for name in archive.files if name != "header"}
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise RunError(
                f"checkpoint {path} is damaged: {error}. Delete it to go on from the one before"
            ) from error
        if header.get("format") != FORMAT:
            raise RunError(f"{path} has format {header.get('format')}, expected {FORMAT}")
        self._fits(path, values)
        for name, variable in self._variables.items():
            variable.assign(values[name])
        restored = Progress(**header["progress"])
        vars(self.progress).update(vars(restored))  # in place: callbacks hold it

    def _fits(self, path: Path, values: dict[str, np.ndarray]) -> None:
        expected = {name: tuple(variable.shape) for name, variable in self._variables.items()}
        found = {name: value.shape for name, value in values.items()}
        if found != expected:
            names = sorted(set(found.items()) ^ set(expected.items()))[:4]
            raise RunError(
                f"{path} does not hold this configuration's variables: "
                f"{len(found)} found, {len(expected)} expected; differing: {names}"
            )


def _name(variable: Any) -> str:
    """Return a variable's path without the number that Keras gives to dropout's seeds.

    It counts the seeds made in this process so far, so a resume would not find them again.
    """
    return re.sub(r"^seed_generator_\d+/", "seed_generator/", variable.path)
