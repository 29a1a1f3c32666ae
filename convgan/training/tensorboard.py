"""Scalars and sample grids as TensorBoard events, without the tensorboard package.

`tf.summary.scalar` and `.image` are in that package; what they write is a tensor with the name
of the plug-in that shows it, which TensorFlow itself can do.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from convgan.runs import Run
from convgan.training.state import TrainingState

Logs = dict[str, float]


class TensorBoard(keras.callbacks.Callback):
    """Scalars a call and an epoch, and the sample grids, under `events/`."""

    def __init__(self, run: Run, state: TrainingState) -> None:
        super().__init__()
        self.run = run
        self.progress = state.progress
        self.writer: Any = tf.summary.create_file_writer(str(run.folder / "events"))

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write the means of one call."""
        self._scalars("train", logs or {}, batch)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the epoch's numbers and its newest sample grid."""
        step = self.progress.step
        self._scalars("epoch", logs or {}, step)
        samples = self.run.manifest.get("samples", [])
        if samples and samples[-1]["epoch"] == epoch + 1:
            png = self.run.file(samples[-1]["file"]).read_bytes()
            height, width = tf.io.decode_png(png).shape[:2]
            self._write("samples", [str(width), str(height), png], "images", step)
        self.writer.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        del logs
        self.writer.close()

    def _scalars(self, group: str, logs: Logs, step: int) -> None:
        for name, value in logs.items():
            self._write(f"{group}/{name}", float(value), "scalars", step)

    def _write(self, tag: str, value: Any, plugin: str, step: int) -> None:
        metadata = tf.compat.v1.SummaryMetadata(
            plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name=plugin)
        )
        with self.writer.as_default():
            tf.summary.write(tag, tf.constant(value), step=step, metadata=metadata)
