"""`convgan make-gif`: a run's sample grids, in the order of its manifest, to a GIF or MP4."""

from __future__ import annotations

from pathlib import Path

from convgan.errors import UsageError
from convgan.reporting.animation import write_animation
from convgan.runs import Run


def make_gif(
    run: Run,
    target: Path | None = None,
    *,
    fps: float = 4.0,
    hold: float = 2.0,
    scale: int = 1,
    last: int | None = None,
) -> Path:
    """Write the animation (default: `training.gif` in the run's folder) and return its path.

    The last frame is held for `hold` seconds, each is scaled up by `scale`, and with `last` only
    that many frames are shown, the last ones.

    Raises:
        UsageError: the run has no samples, or the file's ending is not .gif or .mp4.
        DataError: a frame that the manifest names is missing or damaged.
    """
    samples = run.manifest.get("samples", [])[-(last or 0) :]
    if not samples:
        raise UsageError(
            f"{run.folder} has no sample grids: a DCGAN run has one after its first epoch"
        )
    frames = [(f"epoch {frame['epoch']}", run.file(frame["file"])) for frame in samples]
    target = target or run.folder / "training.gif"
    write_animation(frames, target, fps=fps, hold=hold, scale=scale)
    return target
