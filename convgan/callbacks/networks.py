"""`model/`: the networks after each epoch, and the best of them.

They can be made again, from the newest checkpoint and from that of the best epoch, when a disk
that was full takes them. Only the best network waits in memory: its checkpoint may be missing too.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from convgan.errors import DataError, RunError
from convgan.models.build import NetworkSpec, Role
from convgan.models.network_file import read_network, write_keras, write_network
from convgan.runs import Run
from convgan.training.callback import Callback, Numbers
from convgan.training.state import Progress, TrainingState
from convgan.training.task import Task

logger = logging.getLogger("convgan")

Specs = Mapping[Role, NetworkSpec]


@dataclass(eq=False)
class _Networks(Callback):
    """Writes networks of a task to `model/`, as their specifications describe them."""

    run: Run
    state: TrainingState
    task: Task
    specs: Specs

    @property
    def progress(self) -> Progress:
        """Where the training is."""
        return self.state.progress

    def path(self, file: str) -> Path:
        """Return where a network lies."""
        return self.run.folder / "model" / f"{file}.safetensors"

    def write(self, file: str, network: str) -> None:
        """Write a network of the task as it is now."""
        role: Role = next(role for role in self.specs if network.startswith(role))
        write_network(self.path(file), role, self.task.networks[network], self.specs[role])

    def export(self, file: str) -> None:
        """Write what is in a network's file as `.keras`, for use elsewhere."""
        path = self.path(file)
        write_keras(path.with_suffix(".keras"), read_network(path).network)


class SaveNetworks(_Networks):
    """Writes each network after each epoch, and the entry `results` of the manifest."""

    def on_epoch_end(self, epoch: int, logs: Numbers) -> None:
        """Save the epoch's numbers and each network."""
        self.run.update(results={"epoch": epoch + 1, "step": self.progress.step} | logs)
        self._save()

    def on_train_end(self) -> None:
        """Write what a full disk did not take, and each network for use elsewhere."""
        if (self.run.manifest.get("results") or {}).get("step") == self.progress.step:
            self._save()
            for name in self.task.networks:
                self.export(name)

    def _save(self) -> None:
        for name in self.task.networks:
            self.write(name, name)


@dataclass(eq=False, kw_only=True)
class SaveBest(_Networks):
    """Writes one network of the best epoch so far, and that epoch's numbers in the manifest.

    Args:
        file: the network's name in the task; with `-best` after it, its name in `model/`.
        monitor: the number of which the least is the best.
        entry: the manifest's, for that epoch's numbers.
    """

    file: str
    monitor: str
    entry: str
    _waiting: tuple[dict[str, int | float], list[NDArray[Any]]] | None = field(
        default=None, init=False
    )
    """A best epoch and its network, which the disk did not take."""

    @property
    def name(self) -> str:
        """The network's name in the task."""
        return self.file.removesuffix("-best")

    def on_train_begin(self) -> None:
        """Make the file again if it is lost, or of an epoch that a resume or rollback undid."""
        self._remake()

    def on_epoch_end(self, epoch: int, logs: Numbers) -> None:
        """Save the network if the epoch is better than all before."""
        best = self.progress.best.get(self.monitor, math.inf)
        if logs.get(self.monitor, math.inf) < best:
            self.progress.best = {"epoch": epoch + 1, "step": self.progress.step} | logs
            self._save()
        else:
            self._remake()

    def on_train_end(self) -> None:
        """Make again what a full disk did not take, and write the network for use elsewhere."""
        self._remake()
        if self.progress.best and self.path(self.file).is_file():
            self.export(self.file)

    def _remake(self) -> None:
        """Write the network of the best epoch, if the file is not that."""
        best, manifest = self.progress.best, self.run.manifest
        if not best or (manifest.get(self.entry) == best and self.path(self.file).is_file()):
            return
        if self._waiting and self._waiting[0] == best:
            network = self.task.networks[self.name]
            now = network.get_weights()
            network.set_weights(self._waiting[1])
            try:
                self._save()
            finally:
                network.set_weights(now)
            return
        try:
            with self.state.as_of(int(best["step"])):
                self._save()
        except DataError as error:
            logger.warning("the best epoch so far is forgotten: %s", error)
            self.progress.best = {}

    def _save(self) -> None:
        best = self.progress.best
        self.run.update(**{self.entry: None})  # until the file is that of this epoch
        try:
            self.write(self.file, self.name)
        except RunError:
            self._waiting = best, self.task.networks[self.name].get_weights()
            raise
        self._waiting = None
        self.run.update(**{self.entry: best})
