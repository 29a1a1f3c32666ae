"""Sample grids: what the generator makes of the same latent vectors after each epoch."""

from __future__ import annotations

from convgan.reporting import image_grid, png_bytes
from convgan.runs import Run
from convgan.training.callback import Callback, Numbers
from convgan.training.gan import GAN
from convgan.training.state import TrainingState

SAMPLES = "samples"  # the stream of the fixed latent vectors
_GRID_SCALE = 3  # upscaling factor for images of 28 × 28


class SampleGrid(Callback):
    """Draws one PNG after each epoch, and names it in the manifest.

    A grid cannot be made again later, so one that the disk does not take waits in memory.
    """

    def __init__(self, run: Run, state: TrainingState, task: GAN, side: int) -> None:
        self.run = run
        self.progress = state.progress
        self.task = task
        self.side = side

    def on_epoch_end(self, epoch: int, logs: Numbers) -> None:
        """Draw and save one grid."""
        del logs
        images = self.task.sample(SAMPLES, self.side**2).numpy()
        scale = max(1, round(_GRID_SCALE * 28 / images.shape[1]))
        name = f"samples/epoch-{epoch + 1:04d}.png"
        self.run.write(name, png_bytes(image_grid(images, self.side, scale=scale)))
        frame = {"epoch": epoch + 1, "step": self.progress.step, "file": name}
        self.run.update(samples=[*self.run.manifest.get("samples", []), frame])
