"""Sample grids: what the generator makes of the same latent vectors after each epoch."""

from __future__ import annotations

import tensorflow as tf

from convgan.reporting.images import image_grid, name_columns, png_bytes
from convgan.runs import Run
from convgan.training.callback import Callback, Numbers
from convgan.training.gan import GAN
from convgan.training.state import TrainingState

SAMPLES = "samples"  # the stream of the fixed latent vectors
_MOST_COLUMNS = 10
_GRID_SCALE = 3  # upscaling factor for images of 28 × 28


class SampleGrid(Callback):
    """Draws one PNG after each epoch, and names it in the manifest.

    It is of side × side images, or of `side` rows with a class per column in a conditional GAN. A
    grid cannot be made again later, so one that the disk does not take waits in memory.
    """

    def __init__(
        self,
        run: Run,
        state: TrainingState,
        task: GAN,
        side: int,
        class_names: tuple[str, ...] = (),
    ) -> None:
        self.run = run
        self.progress = state.progress
        self.task = task
        self.side = side
        self.columns = class_names[:_MOST_COLUMNS]

    def on_epoch_end(self, epoch: int, logs: Numbers) -> None:
        """Draw and save one grid."""
        del logs
        columns = len(self.columns) or self.side
        labels = tf.range(self.side * columns) % columns if self.columns else None
        images = self.task.sample(SAMPLES, self.side * columns, labels).numpy()
        scale = max(1, round(_GRID_SCALE * 28 / images.shape[1]))
        grid = image_grid(images, columns, scale=scale)
        if self.columns:
            grid = name_columns(grid, self.columns)
        name = f"samples/epoch-{epoch + 1:04d}.png"
        self.run.write(name, png_bytes(grid))
        frame = {"epoch": epoch + 1, "step": self.progress.step, "file": name}
        self.run.update(samples=[*self.run.manifest.get("samples", []), frame])
