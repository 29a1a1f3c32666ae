"""`model/`: the networks after each epoch, and the best of them.

They can be made again, from the newest checkpoint and from that of the best epoch, when a disk
that was full takes them. Only the best network waits in memory: its checkpoint may be missing too.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from convgan.errors import DataError, RunError
from convgan.models.build import NetworkSpec, Role
from convgan.models.network_file import read_network, write_keras, write_network
from convgan.runs import Run
from convgan.training.callback import Callback, Numbers
from convgan.training.state import TrainingState
from convgan.training.task import Task

logger = logging.getLogger("convgan")

Specs = Mapping[Role, NetworkSpec]


class SaveNetworks(Callback):
    """Writes each network after each epoch, and the entry `results` of the manifest."""

    def __init__(self, run: Run, state: TrainingState, task: Task, specs: Specs) -> None:
        self.run = run
        self.progress = state.progress
        self.task = task
        self.specs = specs

    def on_epoch_end(self, epoch: int, logs: Numbers) -> None:
        """Save the epoch's numbers and each network."""
        self.run.update(results={"epoch": epoch + 1, "step": self.progress.step} | logs)
        self._save()

    def on_train_end(self) -> None:
        """Write what a full disk did not take, and each network for use elsewhere."""
        if (self.run.manifest.get("results") or {}).get("step") == self.progress.step:
            paths = self._save()
            _export(paths)

    def _save(self) -> list[Path]:
        return [
            _save(self.run, name, self.task.networks[name], self.specs)
            for name in self.task.networks
        ]


class SaveBest(Callback):
    """Writes one network of the best epoch so far, and that epoch's numbers in the manifest.

    Args:
        run: where to.
        state: holds the best epoch so far.
        task: holds the network.
        specs: what it is built from.
        network: its name in the task.
        file: its name in `model/`.
        monitor: the number of which `higher` or `lower` is better.
        better: which of the two.
        entry: the manifest's, for that epoch's numbers.
    """

    def __init__(
        self,
        run: Run,
        state: TrainingState,
        task: Task,
        specs: Specs,
        *,
        network: Role,
        file: str,
        monitor: str,
        better: Literal["higher", "lower"],
        entry: str,
    ) -> None:
        self.run = run
        self.state = state
        self.progress = state.progress
        self.task = task
        self.specs = specs
        self.network = network
        self.file = file
        self.monitor = monitor
        self.sign = 1 if better == "higher" else -1
        self.entry = entry
        self.path = run.folder / "model" / f"{file}.safetensors"
        self._waiting: tuple[dict[str, int | float], list[NDArray[Any]]] | None = None
        """A best epoch and its network, which the disk did not take."""

    def on_train_begin(self) -> None:
        """Make the file again if it is lost, or of an epoch that a resume or rollback undid."""
        self._remake()

    def on_epoch_end(self, epoch: int, logs: Numbers) -> None:
        """Save the network if the epoch is better than all before."""
        value = logs.get(self.monitor, math.nan)
        best = self.progress.best.get(self.monitor, -self.sign * math.inf)
        if self.sign * value > self.sign * best:  # not so if there is no number
            self.progress.best = {"epoch": epoch + 1, "step": self.progress.step} | logs
            self._save()
        else:
            self._remake()

    def on_train_end(self) -> None:
        """Make again what a full disk did not take, and write the network for use elsewhere."""
        self._remake()
        if self.progress.best and self.path.is_file():
            _export([self.path])

    def _remake(self) -> None:
        """Write the network of the best epoch, if the file is not that."""
        best = self.progress.best
        if not best or (self.run.manifest.get(self.entry) == best and self.path.is_file()):
            return
        network = self.task.networks[self.network]
        if self._waiting and self._waiting[0] == best:
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
        network = self.task.networks[self.network]
        self.run.update(**{self.entry: None})  # until the file is that of this epoch
        try:
            _save(self.run, self.file, network, self.specs)
        except RunError:
            self._waiting = best, network.get_weights()
            raise
        self._waiting = None
        self.run.update(**{self.entry: best})


def _save(run: Run, file: str, network: object, specs: Specs) -> Path:
    """Write `model/<file>.safetensors` as the network is now."""
    path = run.folder / "model" / f"{file}.safetensors"
    role: Role = next(role for role in specs if file.startswith(role))
    write_network(path, role, network, specs[role])
    return path


def _export(paths: list[Path]) -> None:
    """Write each network as `.keras` too."""
    for path in paths:
        write_keras(path.with_suffix(".keras"), read_network(path).network)
