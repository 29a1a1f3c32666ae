"""What the shell proposes after the Tab key: presets, runs, and the keys of `--set`.

Nothing here imports TensorFlow, and whatever goes wrong proposes nothing: an error in the middle
of a command line that is being typed helps nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import typer

Proposals = list[tuple[str, str]]
"""What may be typed, each with a word of help for the shells that show it."""

_TASKS = {
    "train-classifier": "classifier",
    "train-dcgan": "dcgan",
    "make-gif": "dcgan",
    "generate": "dcgan",
}


def _quietly(
    propose: Callable[[typer.Context], Iterable[tuple[str, str]]],
) -> Callable[[typer.Context, str], Proposals]:
    def complete(ctx: typer.Context, incomplete: str) -> Proposals:
        try:
            return [
                (value, text.replace("[", "\\["))  # Typer reads brackets as markup
                for value, text in propose(ctx)
                if value.startswith(incomplete)
            ]
        except Exception:
            return []

    return complete


@_quietly
def complete_preset(ctx: typer.Context) -> Iterable[tuple[str, str]]:
    """Propose the presets of the command's task, or all."""
    from convgan.config import load_config, presets

    task = _task(ctx)
    for name in presets():
        found = load_config(name).task
        if task in {None, found}:
            yield name, found


@_quietly
def complete_run(ctx: typer.Context) -> Iterable[tuple[str, str]]:
    """Propose the runs in `--out` that the command takes."""
    return _runs(ctx, _task(ctx))


@_quietly
def complete_classifier_run(ctx: typer.Context) -> Iterable[tuple[str, str]]:
    """Propose the classifier runs in `--out`."""
    return _runs(ctx, "classifier")


@_quietly
def complete_change(ctx: typer.Context) -> Iterable[tuple[str, str]]:
    """Propose the keys of the configuration that the command line names, as `a.b=`."""
    from convgan.config import flatten, load_config

    for key, value in flatten(load_config(_configuration(ctx)).model_dump(mode="json")):
        yield f"{key}=", f"now {value}"


def _configuration(ctx: typer.Context) -> str | Path:
    from convgan.config import DEFAULT_PRESETS
    from convgan.runs import find_run

    # While the value of an option is missing, Typer leaves the command's arguments in `args`.
    argument = ctx.args[0] if ctx.args else None
    task = _task(ctx)
    if task is None:
        return argument or DEFAULT_PRESETS["dcgan"]
    if ctx.params["resume"] and not ctx.params["config"]:
        return find_run(argument, ctx.params["out"], task=task).folder / "config.yaml"
    return str(ctx.params["config"] or DEFAULT_PRESETS[task])


def _runs(ctx: typer.Context, task: str | None) -> Iterable[tuple[str, str]]:
    from convgan.runs import all_runs

    for run in all_runs(ctx.params["out"]):
        if task in {None, run.task}:
            yield run.name, f"{run.task}, {run.manifest.get('status', 'unknown')}"


def _task(ctx: typer.Context) -> str | None:
    """Return the task that the command is for, None if it is for any."""
    return _TASKS.get(ctx.info_name or "")
