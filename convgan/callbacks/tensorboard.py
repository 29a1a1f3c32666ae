"""Scalars and sample grids as TensorBoard events, without the tensorboard package.

`tf.summary.scalar` and `.image` are in that package; what they write is a tensor with the name
of the plug-in that shows it, which TensorFlow itself can do.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from convgan.errors import RunError
from convgan.reporting.images import read_png
from convgan.runs import Run
from convgan.training.callback import Callback, Numbers
from convgan.training.state import TrainingState

_PLACE = ("step", "epoch", "end_of_epoch")


class TensorBoard(Callback):
    """Scalars per call and per epoch, and the sample grids, under `events/`.

    The file is made anew from the log when a training resumes, so that nothing is in it twice, and
    at the end of the next epoch when the disk was full, as nothing after a torn record can be read.
    """

    def __init__(self, run: Run, state: TrainingState) -> None:
        self.run = run
        self.progress = state.progress
        self.writer: Any = None
        self.shown = 0
        """Sample grids of the manifest that are in the file."""

    def on_train_begin(self) -> None:
        """Open the file and write what was logged before."""
        self._begin()

    def on_call_end(self, step: int, logs: Numbers) -> None:
        """Write the means of one call."""
        with self._writing():
            _scalars("train", logs, step)

    def on_epoch_end(self, epoch: int, logs: Numbers) -> None:
        """Write the epoch's numbers and its newest sample grid."""
        del epoch
        if not self.writer:
            self._begin()  # the log has this epoch, too
            return
        with self._writing():
            _scalars("epoch", logs, self.progress.step)
            self._new_grids()

    def on_train_end(self) -> None:
        """Close the file."""
        if not self.writer:
            self._begin()
        with self._writing():
            self._new_grids()
        self.writer = None

    def _begin(self) -> None:
        """Make the file anew from log and manifest."""
        self.shown = 0
        folder = self.run.folder / "events"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()  # fails as others expect it, where TensorFlow has errors of its own
        with self._errors():
            self.writer = tf.summary.create_file_writer(str(folder))
        with self._writing():
            for record in self.run.records():
                group = "epoch" if "end_of_epoch" in record else "train"
                numbers = {key: record[key] for key in record if key not in _PLACE}
                _scalars(group, numbers, record["step"])
            self._new_grids()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Take summaries and flush them."""
        # A writer that failed stays TensorFlow's default one, so there must be another.
        writer = self.writer or tf.summary.create_noop_writer()
        with self._errors(), writer.as_default():
            yield

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn the error of a full disk into the one that all writers have; give the file up."""
        try:
            yield
        except tf.errors.OpError as error:
            self.writer = None
            where = self.run.folder / "events"
            raise RunError(f"cannot write {where}: {type(error).__name__}") from error

    def _new_grids(self) -> None:
        """Write the grids that came since; one may have waited for the disk."""
        samples = self.run.manifest.get("samples", [])
        for sample in samples[self.shown :]:
            path = self.run.file(sample["file"])
            height, width = read_png(path).shape[:2]
            grid = [str(width), str(height), path.read_bytes()]
            _write("samples", grid, "images", sample["step"])
        self.shown = len(samples)


def _scalars(group: str, numbers: Mapping[str, float | None], step: int) -> None:
    for name, value in numbers.items():
        if value is not None:
            _write(f"{group}/{name}", float(value), "scalars", step)


def _write(tag: str, value: Any, plugin: str, step: int) -> None:
    metadata = tf.compat.v1.SummaryMetadata(
        plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name=plugin)
    )
    tf.summary.write(tag, tf.constant(value), step=step, metadata=metadata)
