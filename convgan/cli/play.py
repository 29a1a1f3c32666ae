"""`convgan play`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from convgan.cli.app import app
from convgan.cli.options import OUTPUTS, DebugOption, OutOption
from convgan.completion import complete_run
from convgan.terminal import for_people


@app.command()
@for_people
def play(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN",
            help="A classifier's run, a GAN's or both; else two small networks.",
            autocompletion=complete_run,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file to write; else play.html in the first run."),
    ] = None,
    out: OutOption = OUTPUTS,
    debug: DebugOption = False,
) -> None:
    """Write a page on which trained networks run, to play with.

    One HTML file that needs no server and no network, for any browser: draw for the classifier,
    walk through the generator's pictures.

    Example: convgan play classifier-mnist-0001 cgan-mnist-0001
    """
    from convgan.hardware import start_tensorflow
    from convgan.runs import find_run

    found = [find_run(run, out) for run in runs or ()]
    start_tensorflow(device="cpu", show_noise=debug)
    from convgan.recipes.play import play as write_page

    path = output or (found[0].folder / "play.html" if found else Path("play.html"))
    typer.echo(f"Open {write_page(found, path)} in a browser")
