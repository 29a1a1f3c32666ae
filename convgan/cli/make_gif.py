"""`convgan make-gif`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convgan.cli.app import app
from convgan.cli.options import OUTPUTS, DebugOption, OutOption, RunArgument
from convgan.terminal import for_people


@app.command()
@for_people
def make_gif(
    run: RunArgument = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write: .gif or .mp4.")
    ] = None,
    fps: Annotated[float, typer.Option(help="Frames per second.")] = 4.0,
    hold: Annotated[float, typer.Option(help="Seconds that the last frame is held.")] = 2.0,
    scale: Annotated[int, typer.Option(help="Upscaling factor.")] = 1,
    last: Annotated[int | None, typer.Option(min=1, help="Only the last N frames.")] = None,
    out: OutOption = OUTPUTS,
    debug: DebugOption = False,
) -> None:
    """Join the sample grids of a DCGAN run into a GIF or MP4.

    Example: convgan make-gif dcgan-fashion-0001 --fps 8 --output film.gif
    """
    from convgan.recipes.make_gif import make_gif
    from convgan.runs import find_run

    found = find_run(run, out, task="dcgan")
    typer.echo(str(make_gif(found, output, fps=fps, hold=hold, scale=scale, last=last)))
