"""`convgan runs` and what it can do."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated

import typer

from convgan.cli.app import app
from convgan.cli.options import OUTPUTS, DebugOption, DeviceOption, OutOption
from convgan.cli.train import start_for
from convgan.completion import complete_run
from convgan.errors import UsageError
from convgan.terminal import Commands, for_people

runs_app = typer.Typer(cls=Commands, rich_markup_mode=None)
app.add_typer(runs_app, name="runs")
NamedRun = Annotated[
    str, typer.Argument(help="A run's folder or name.", autocompletion=complete_run)
]


@runs_app.callback(invoke_without_command=True)
@for_people
def runs(ctx: typer.Context, out: OutOption = OUTPUTS) -> None:
    """List what was trained; compare two runs, repeat one, or remove old checkpoints.

    Example: convgan runs

    Example: convgan runs diff dcgan-fashion-0001 dcgan-fashion-0002
    """
    if ctx.invoked_subcommand:
        return
    from convgan.recipes.runs import runs_table
    from convgan.terminal import format_tables

    typer.echo(format_tables([runs_table(out)]))


@runs_app.command("diff")
@for_people
def runs_diff(one: NamedRun, other: NamedRun, out: OutOption = OUTPUTS) -> None:
    """Show what differs between two runs: configuration, data, versions, results.

    Example: convgan runs diff dcgan-fashion-0001 dcgan-fashion-0002
    """
    from convgan.recipes.runs import difference_table
    from convgan.runs import find_run
    from convgan.terminal import format_tables

    table = difference_table(find_run(one, out), find_run(other, out))
    typer.echo(format_tables([table]) if table.rows else table.title)


@runs_app.command("rerun")
@for_people
def runs_rerun(
    name: NamedRun,
    out: OutOption = OUTPUTS,
    device: DeviceOption = "auto",
    debug: DebugOption = False,
) -> None:
    """Train again by a run's own configuration, and compare the results.

    On a machine of the same kind they are the same, to the last byte of the networks.

    Example: convgan runs rerun classifier-mnist-0001
    """
    from convgan.runs import find_run

    before = find_run(name, out)
    typer.echo(f"{before.name} was made by: {before.manifest.get('command')}")
    config, machine = start_for(before.folder / "config.yaml", device=device, debug=debug)
    from convgan.callbacks.session import RunOptions
    from convgan.recipes.runs import repetition_table
    from convgan.recipes.train import train
    from convgan.terminal import format_tables

    command = shlex.join(["convgan", *sys.argv[1:]])
    origin = before.manifest.get("init_from")
    start = find_run(origin["run"], out, task=before.task) if origin else None
    options = RunOptions(
        out=out, name=config.name, device=machine, command=command, init_from=start
    )
    again = train(config, options)
    if again:
        typer.echo(f"\n{format_tables([repetition_table(before, again)])}")


@runs_app.command("prune")
@for_people
def runs_prune(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN", help="Runs; else all.", autocompletion=complete_run),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    out: OutOption = OUTPUTS,
) -> None:
    """Remove the checkpoints of finished runs but the newest and that of the best epoch.

    Example: convgan runs prune dcgan-fashion-0001
    """
    from convgan.recipes.runs import describe, remove, superfluous_checkpoints
    from convgan.runs import all_runs, find_run

    found = [find_run(name, out) for name in names] if names else all_runs(out)
    superfluous = superfluous_checkpoints(found)
    paths = [path for each in superfluous.values() for path in each]
    if not paths:
        typer.echo("Nothing to remove: finished runs have their newest and best checkpoints only.")
        return
    for path in paths:
        typer.echo(f"  {path}")
    if not yes:
        typer.confirm(f"Remove {describe(paths)}?", abort=True)
    if wrong := remove(superfluous):
        raise UsageError("\n".join(wrong))
    typer.echo("Done.")
