"""`convgan launch`."""

from __future__ import annotations

from typing import Annotated

import typer

from convgan.cli.app import app
from convgan.errors import UsageError
from convgan.terminal import for_people


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
@for_people
def launch(
    context: typer.Context,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes.")] = 2,
) -> None:
    """Train in several processes, which share each batch.

    They are on this machine; for several see docs/scale.md.

    Example: convgan launch --workers 2 train-dcgan --epochs 3
    """
    from convgan.recipes.launch import launch

    if not context.args or not context.args[0].startswith("train-"):
        raise UsageError(
            f"got {' '.join(context.args) or 'no command'!r}, expected train-dcgan or "
            "train-classifier after the workers, with its own options"
        )
    if code := launch(workers, context.args):
        raise typer.Exit(code)
