"""The application that the commands join."""

from __future__ import annotations

from typing import Annotated

import typer

from convgan import __version__
from convgan.terminal import Commands

app = typer.Typer(
    name="convgan",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Train image classifiers and DCGANs, look at what they do, and measure it.

    Start with: convgan train-dcgan
    """
    if version:
        typer.echo(f"convgan {__version__}")
        raise typer.Exit
