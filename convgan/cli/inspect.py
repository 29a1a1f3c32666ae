"""`convgan inspect`."""

from __future__ import annotations

from typing import Annotated

import typer

from convgan.cli.app import app
from convgan.cli.options import OUTPUTS, DebugOption, OutOption, SetOption
from convgan.completion import complete_preset
from convgan.terminal import for_people


@app.command()
@for_people
def inspect(
    target: Annotated[
        str,
        typer.Argument(
            metavar="[TARGET]",
            help="A preset, a YAML file, a data set's name, or a folder of pictures.",
            autocompletion=complete_preset,
        ),
    ] = "dcgan-fashion",
    changes: SetOption = None,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Show a configuration's data set, with a grid.")
    ] = False,
    out: OutOption = OUTPUTS,
    debug: DebugOption = False,
) -> None:
    """Show a configuration's networks, or a data set.

    The networks are shown layer by layer: sizes, parameters, operations, receptive fields.

    Example: convgan inspect dcgan-fashion-article

    Example: convgan inspect fashion-mnist
    """
    from convgan.config import DataConfig, GanRunConfig
    from convgan.hardware import start_tensorflow
    from convgan.recipes.inspect import (
        describe_clusters,
        describe_data,
        describe_networks,
        describe_pictures,
        find_target,
    )
    from convgan.terminal import format_tables

    found = find_target(target, changes or ())
    if isinstance(found, DataConfig) or pictures:
        section = found if isinstance(found, DataConfig) else found.data
        describe = describe_pictures if section.name == "folder" else describe_data
        text, tables, grid = describe(section, out)
        typer.echo("\n\n".join(filter(None, [text, format_tables(tables), f"Pictures: {grid}"])))
        if isinstance(found, GanRunConfig) and found.conditional == "clusters":
            table, grid = describe_clusters(found, out)
            typer.echo(f"\n{format_tables([table])}\n\nClusters: {grid}")
        return
    start_tensorflow(device="cpu", show_noise=debug)
    typer.echo(format_tables(describe_networks(found)))
