"""`convgan generate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convgan.cli.app import app
from convgan.cli.options import (
    OUTPUTS,
    DebugOption,
    DeviceOption,
    OutOption,
    RunArgument,
    WhichOption,
)
from convgan.errors import UsageError
from convgan.terminal import for_people


@app.command()
@for_people
def generate(
    run: RunArgument = None,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="One picture each: 0-99,7; npz files of --like, too."),
    ] = None,
    count: Annotated[
        int | None, typer.Option("-n", "--count", min=1, help="The first N seeds; else 64.")
    ] = None,
    class_name: Annotated[
        str | None, typer.Option("--class", metavar="NAME", help="Only pictures of this class.")
    ] = None,
    truncation: Annotated[
        float | None,
        typer.Option(metavar="T", help="Draw latent values beyond ±T again: fewer odd pictures."),
    ] = None,
    which: WhichOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Folder of the pictures, or file of --like; else in `generated` in the run.",
        ),
    ] = None,
    grid: Annotated[Path | None, typer.Option(help="One PNG file with all of them.")] = None,
    npz: Annotated[Path | None, typer.Option(help="One npz file with all of them.")] = None,
    walk: Annotated[
        Path | None, typer.Option(help="A film from seed to seed and back: .gif or .mp4.")
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option(help="A picture: look for the nearest one, and write its latent vector."),
    ] = None,
    frames: Annotated[int, typer.Option(help="Frames of the film.")] = 60,
    fps: Annotated[float, typer.Option(help="Frames per second of the film.")] = 20.0,
    out: OutOption = OUTPUTS,
    device: DeviceOption = "auto",
    debug: DebugOption = False,
) -> None:
    """Make pictures with a trained generator, by seeds.

    A seed is the same picture each time. No data set is needed.

    Example: convgan generate dcgan-fashion-0001 -n 1000

    Example: convgan generate --seeds 3,8,12 --walk film.gif

    Example: convgan generate --like shoe.jpg -o shoe.npz
    """
    from convgan.generation.latents import parse_seeds
    from convgan.hardware import start_tensorflow
    from convgan.runs import find_run

    if sum(each is not None for each in (output, grid, npz, walk)) > 1:
        raise UsageError("got more than one of --output, --grid, --npz and --walk, expected one")
    if like and any(each is not None for each in (seeds, count, truncation, grid, npz, walk)):
        raise UsageError("with --like only --class, --which and --output go")
    if seeds is not None and count is not None:
        raise UsageError("got --seeds and --count, expected one of them")
    wanted = list(range(count or 64)) if seeds is None else parse_seeds(seeds)
    found = find_run(run, out, task="dcgan")
    start_tensorflow(device=device, show_noise=debug)
    from convgan.generation.trained import TrainedGenerator
    from convgan.recipes import generate as recipe

    asked = TrainedGenerator(
        found,
        wanted,
        fill=seeds is None,
        class_name=class_name,
        truncation=truncation,
        which=which,
    )
    if like:
        made = recipe.generate_like(asked, like, output or found.folder / "generated/like.npz")
    elif walk:
        made = recipe.generate_walk(asked, walk, frames=frames, fps=fps)
    elif grid:
        made = recipe.generate_grid(asked, grid)
    elif npz:
        made = recipe.generate_archive(asked, npz)
    else:
        made = recipe.generate_files(asked, output or found.folder / "generated")
    typer.echo(str(made))
