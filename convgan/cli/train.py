"""`convgan train-classifier` and `convgan train-dcgan`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from convgan.cli.app import app
from convgan.cli.options import OUTPUTS, DebugOption, DeviceOption, OutOption, SetOption
from convgan.completion import complete_preset, complete_run
from convgan.errors import UsageError
from convgan.terminal import for_people

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from convgan.config import Config
    from convgan.recipes.own_pictures import Chosen


def start_for(
    source: str | Path | Mapping[str, Any],
    changes: Sequence[str] = (),
    *,
    task: str | None = None,
    device: str,
    debug: bool,
) -> tuple[Config, str]:
    """Start TensorFlow with the devices that a configuration asks for.

    Return the configuration, with the number that `runtime.replicas: all` stands for here, and the
    devices' name.

    Raises:
        UsageError: it is wrong, is not for this task, or there are no such devices.
    """
    from convgan.config import load_config
    from convgan.hardware import device_count, start_tensorflow

    config = load_config(source, changes)
    if task and config.task != task:
        raise UsageError(f"{source} is for convgan train-{config.task}, not train-{task}")
    machine = start_tensorflow(device=device, replicas=config.runtime.replicas, show_noise=debug)
    if config.runtime.replicas == "all":
        config = load_config(source, [*changes, f"runtime.replicas={device_count()}"])
    return config, machine


def choose_for(task: str, data: Path, changes: Sequence[str]) -> Chosen:
    """Choose a configuration for somebody's own pictures, and show it."""
    from convgan.recipes.own_pictures import choose

    chosen = choose(task, data, changes)
    typer.echo(f"Chosen for {data}, to be changed by --set:\n{chosen}\n")
    return chosen


def say_how_long(config: Config) -> Config:
    """Measure some steps; return the configuration with the precision that they were made in."""
    from convgan.recipes.bench import seconds_of_training

    seconds, precision = seconds_of_training(config)
    time = f"{seconds / 60:.0f} minutes" if seconds > 90 else f"{seconds:.0f} seconds"
    typer.echo(f"The steps will take about {time} here, in {precision}.\n")
    train = config.train.model_copy(update={"precision": precision})
    return config.model_copy(update={"train": train})


def add_training_command(task: Literal["classifier", "dcgan"], description: str) -> None:
    """Add `train-<task>`; the two commands differ in their recipe only."""

    def train(
        run: Annotated[
            str | None,
            typer.Argument(metavar="RUN", help="The run to --resume.", autocompletion=complete_run),
        ] = None,
        config: Annotated[
            str | None,
            typer.Option(
                "--config",
                "-c",
                help="A preset's name or a YAML file; else the default.",
                autocompletion=complete_preset,
            ),
        ] = None,
        data: Annotated[
            Path | None,
            typer.Option(
                metavar="PATH",
                help="Your own pictures: a folder, zip or npz. Without --config all else is chosen "
                "for them.",
            ),
        ] = None,
        changes: SetOption = None,
        name: Annotated[
            str | None, typer.Option(help="Name of the run's folder, without its number.")
        ] = None,
        out: OutOption = OUTPUTS,
        seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
        epochs: Annotated[int | None, typer.Option(help="Epochs to train in total.")] = None,
        device: DeviceOption = "auto",
        replicas: Annotated[
            str | None,
            typer.Option(metavar="N|all", help="Devices that share each batch; else one."),
        ] = None,
        dry_run: Annotated[
            bool,
            typer.Option("--dry-run", help="Build and check all, make one step, keep nothing."),
        ] = False,
        resume: Annotated[
            bool,
            typer.Option("--resume", help="Go on with RUN, or the newest, as it was configured."),
        ] = False,
        init_from: Annotated[
            str | None,
            typer.Option(
                metavar="RUN",
                help="Begin with the weights of this run's networks.",
                autocompletion=complete_run,
            ),
        ] = None,
        debug: DebugOption = False,
    ) -> None:
        from convgan.config import DEFAULT_PRESETS
        from convgan.runs import find_run
        from convgan.workers import ALONE, workers

        if run and not resume:
            raise UsageError(
                f"got {run!r} without --resume; to go on with a run write --resume {run}, "
                f"to choose a configuration --config {run}"
            )
        if init_from and resume:
            raise UsageError(
                "got --init-from with --resume: a run goes on with its own weights; leave one out"
            )
        resumed = find_run(run, out, task=task) if resume else None
        origin = find_run(init_from, out, task=task) if init_from else None
        given = list(changes or [])
        given += [] if seed is None else [f"seed={seed}"]
        given += [] if epochs is None else [f"train.epochs={epochs}"]
        given += [] if replicas is None else [f"runtime.replicas={replicas}"]
        source: str | Path | Mapping[str, Any]
        source = config or (resumed.folder / "config.yaml" if resumed else DEFAULT_PRESETS[task])
        chosen = None if data is None or config or resumed else choose_for(task, data, given)
        if chosen:
            source = chosen.tree
        elif data:
            from convgan.config import folder_change

            given = ["data.name=folder", folder_change(data), *given]
        loaded, machine = start_for(source, given, task=task, device=device, debug=debug)
        if chosen and not dry_run and loaded.runtime.replicas == 1 and workers() is ALONE:
            loaded = say_how_long(loaded)
        from convgan.callbacks.session import RunOptions
        from convgan.recipes.train import train as train_by

        options = RunOptions(
            out=out,
            name=name or loaded.name,
            device=machine,
            command=shlex.join(["convgan", *sys.argv[1:]]),
            dry_run=dry_run,
            resume=resumed,
            init_from=origin,
        )
        done = train_by(loaded, options)
        if done:
            typer.echo(f"\nThe run is in {done.folder}")
            typer.echo(f"Look at   {done.folder / 'report.html'}")
            typer.echo(f"Evaluate  convgan eval {done.folder}")

    train.__doc__ = description
    app.command(f"train-{task}")(for_people(train))


add_training_command(
    "classifier",
    """Train an image classifier.

    The default is classifier-mnist, which reads handwritten digits.

    Example: convgan train-classifier --config classifier-fashion --epochs 3
    """,
)
add_training_command(
    "dcgan",
    """Train a DCGAN, which generates images.

    The default is dcgan-fashion, which draws clothes.

    Example: convgan train-dcgan --config dcgan-mnist --set train.batch_size=64
    """,
)
