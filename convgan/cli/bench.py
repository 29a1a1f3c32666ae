"""`convgan bench`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from convgan.cli.app import app
from convgan.cli.options import DebugOption, DeviceOption, JsonOption, SetOption
from convgan.completion import complete_preset
from convgan.terminal import for_people


@app.command()
@for_people
def bench(
    configs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Presets' names or YAML files; else four presets.",
            autocompletion=complete_preset,
        ),
    ] = None,
    changes: SetOption = None,
    as_json: JsonOption = False,
    device: DeviceOption = "auto",
    debug: DebugOption = False,
) -> None:
    """Measure the speed of training steps on this machine.

    Each is compared with what the machine can do at most. Takes about a minute and a half on two
    cores.

    Example: convgan bench dcgan-fashion --set train.precision=mixed_bfloat16
    """
    from convgan.hardware import start_tensorflow

    machine = start_tensorflow(device=device, show_noise=debug)
    from convgan.recipes.bench import PRESETS, bench_table
    from convgan.recipes.bench import bench as measure
    from convgan.terminal import format_tables

    rows = measure(configs or PRESETS, changes or ())
    if as_json:
        typer.echo(json.dumps({"device": machine, "steps": rows}, indent=2))
        return
    typer.echo(f"{machine}\n\n{format_tables([bench_table(rows)])}")
