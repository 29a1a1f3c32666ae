"""`convgan make-gif`: a run's sample grids, in the order of its manifest, to a GIF or MP4."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from convgan.errors import UsageError
from convgan.reporting import write_animation
from convgan.runs import Run


@dataclass(frozen=True)
class AnimationOptions:
    """How the frames are shown."""

    fps: float = 4.0
    hold: float = 2.0
    """Seconds that the last frame stays."""
    scale: int = 1
    last: int | None = None
    """Only that many frames, the last ones."""


def make_gif(run: Run, target: Path | None = None, film: AnimationOptions | None = None) -> Path:
    """Write the animation (default: `training.gif` in the run's folder) and return its path.

    Raises:
        UsageError: the run has no samples, or the file's ending is not .gif or .mp4.
        DataError: a frame that the manifest names is missing or damaged.
    """
    film = film or AnimationOptions()
    samples = run.manifest.get("samples", [])
    if not samples:
        raise UsageError(
            f"{run.folder} has no sample grids: a DCGAN run has one after its first epoch"
        )
    shown = samples[-film.last :] if film.last else samples
    frames = [(f"epoch {frame['epoch']}", run.file(frame["file"])) for frame in shown]
    target = target or run.folder / "training.gif"
    write_animation(frames, target, fps=film.fps, hold=film.hold, scale=film.scale)
    return target
