"""What a training writes beside its state: the log, grids, curves and models.

All are Keras callbacks; `on_train_batch_end` gets the number of steps done so far, and
`on_epoch_end` the epoch from 0.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from convgan.errors import DataError, RunError
from convgan.files import replacing
from convgan.reporting import image_grid, save_curves, save_metric_over_epochs, save_png
from convgan.runs import Run
from convgan.training.state import Progress, TrainingState

Logs = dict[str, float]
logger = logging.getLogger("convgan")

SAMPLES = "samples"  # the stream of the fixed latent vectors
_GRID_SCALE = 3  # screen pixels a pixel, for pictures of 28 x 28


class MetricsLog(keras.callbacks.Callback):
    """One line of `metrics.jsonl` a call of steps, and one an epoch.

    It has what a repeated run gives again; times are in the manifest.
    """

    def __init__(self, run: Run, state: TrainingState, steps_per_epoch: float) -> None:
        super().__init__()
        self.run = run
        self.progress: Progress = state.progress
        self.steps_per_epoch = steps_per_epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Log the mean over the steps of one call."""
        epoch = round(batch / self.steps_per_epoch, 4)
        self.run.log({"step": batch, "epoch": epoch} | (logs or {}))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Log the epoch's means and validation numbers; in the manifest, what they took."""
        place = {"step": self.progress.step, "epoch": epoch + 1}
        self.run.log(place | {"end_of_epoch": True} | (logs or {}))
        time = place | {"seconds": round(self.progress.seconds, 3)}
        self.run.update(times=[*self.run.manifest.get("times", []), time])


class SampleGrid(keras.callbacks.Callback):
    """A grid of samples from the same latent vectors after each epoch, as PNG."""

    def __init__(self, run: Run, state: TrainingState, side: int) -> None:
        super().__init__()
        self.run = run
        self.progress = state.progress
        self.side = side

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Draw and save one grid, and name it in the manifest."""
        del logs
        images = self.model.sample(SAMPLES, self.side**2).numpy()
        scale = max(1, round(_GRID_SCALE * 28 / images.shape[1]))
        grid = image_grid(images, self.side, scale=scale)
        name = f"samples/epoch-{epoch + 1:04d}.png"
        frame = {"epoch": epoch + 1, "step": self.progress.step, "file": name}

        def save() -> None:
            save_png(self.run.folder / name, grid)
            self.run.update(samples=[*self.run.manifest.get("samples", []), frame])

        self.run.write(name, save)


class Curves(keras.callbacks.Callback):
    """`curves.png`, redrawn after each epoch from the log."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Draw the training's numbers a call, and the validation's an epoch."""
        del epoch, logs
        shown = [
            {key: value for key, value in record.items() if _belongs(key, record)}
            for record in self.run.records()
        ]
        try:
            save_curves(self.run.folder / "curves.png", shown)
        except DataError as error:  # no finite number yet: no reason to end the training
            logger.warning("%s", error)


def _belongs(key: str, record: dict[str, float]) -> bool:
    """Of an epoch's line only the validation is drawn; its means repeat the calls' lines."""
    if "end_of_epoch" in record:
        return key.startswith(("val_", "step", "epoch"))
    return True


class QualityCurve(keras.callbacks.Callback):
    """`frechet.png`, redrawn after each epoch whose log has `val_frechet`."""

    def __init__(self, run: Run, protocol: str) -> None:
        super().__init__()
        self.run = run
        self.protocol = protocol

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Draw the distances so far, the best marked."""
        del epoch
        if not math.isfinite((logs or {}).get("val_frechet", math.nan)):
            return
        points = [
            (record["epoch"], record["val_frechet"], None)
            for record in self.run.records()
            if record.get("val_frechet") is not None
        ]
        if not points:  # the log waits for a disk that is full
            return
        best, _, _ = min(points, key=lambda point: point[1])
        save_metric_over_epochs(
            self.run.folder / "frechet.png", points, name=self.protocol, best=best
        )


class SaveModels(keras.callbacks.Callback):
    """`model/*.keras`, for use, and the entry `results` of the manifest, after each epoch."""

    def __init__(self, run: Run, state: TrainingState) -> None:
        super().__init__()
        self.run = run
        self.progress = state.progress

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save each network and the epoch's numbers."""
        for name, network in self.model.networks.items():
            save_network(self.run, name, network)
        self.run.update(results={"epoch": epoch + 1, "step": self.progress.step} | (logs or {}))


class SaveBest(keras.callbacks.Callback):
    """One network of the best epoch so far, and that epoch's numbers in the manifest."""

    def __init__(
        self, run: Run, state: TrainingState, monitor: str, *, network: str, file: str, entry: str
    ) -> None:
        super().__init__()
        self.run = run
        self.state = state
        self.progress = state.progress
        self.monitor = monitor
        self.sign = 1 if monitor.endswith("accuracy") else -1
        self.network = network
        self.file = file
        self.entry = entry

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Make the file anew if the training went back: it may be of an epoch not done now."""
        del logs
        best = self.progress.best
        if not best or self.run.manifest.get(self.entry) == best:
            return
        try:
            with self.state.as_of(int(best["step"])):
                self._save()
            self.run.update(**{self.entry: best})
        except DataError as error:
            logger.warning("the best epoch so far is forgotten: %s", error)
            self.progress.best = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save the network if the epoch is better than all before."""
        numbers = logs or {}
        value = numbers.get(self.monitor, math.nan)
        best = self.progress.best.get(self.monitor, -self.sign * math.inf)
        if not self.sign * value > self.sign * best:  # nor is one that has no number
            return
        self._save()
        self.progress.best = {"epoch": epoch + 1, "step": self.progress.step} | numbers
        self.run.update(**{self.entry: self.progress.best})

    def _save(self) -> None:
        save_network(self.run, self.file, self.model.networks[self.network])


def save_network(run: Run, name: str, network: keras.Model) -> None:
    """Write `model/<name>.keras` as the network is now, as soon as the disk takes it."""
    path = run.folder / "model" / f"{name}.keras"
    weights: list[Any] = []

    def save() -> None:
        try:
            with _having(network, weights), replacing(path) as temporary:
                network.save(temporary)
        except RuntimeError as error:
            weights[:] = weights or network.get_weights()
            if isinstance(error, RunError):
                raise
            raise RunError(f"cannot write {path}: {error}") from error  # HDF5's own error

    run.write(path.name, save)


@contextmanager
def _having(network: keras.Model, weights: list[Any]) -> Iterator[None]:
    """Give the network these weights for a while, if there are any."""
    now = network.get_weights() if weights else []
    if weights:
        network.set_weights(weights)
    try:
        yield
    finally:
        if weights:
            network.set_weights(now)
