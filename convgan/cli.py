"""The commands: parse, call one recipe, print where its results are.

TensorFlow is imported inside the commands, so that `--help` and mistakes answer at once.
"""

from __future__ import annotations

import json
import shlex
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import typer

from convgan import __version__
from convgan.errors import UsageError
from convgan.terminal import for_people, open_log

DEFAULTS = {"classifier": "classifier-mnist", "dcgan": "dcgan-fashion"}
OUTPUTS = Path("outputs")

app = typer.Typer(
    name="convgan",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

OutOption = Annotated[Path, typer.Option(help="Folder of all runs.")]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, gpu or gpu:N.")]
DebugOption = Annotated[
    bool, typer.Option("--debug", help="Show tracebacks and the framework's own messages.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="A.B=V", help="Change one value of the configuration. Repeatable."
    ),
]


class Which(str, Enum):
    """The generator that is measured."""

    best = "best"
    last = "last"


RunArgument = Annotated[
    str | None, typer.Argument(metavar="[RUN]", help="A run's folder or name; else the newest.")
]


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Train an image classifier and a DCGAN, look at what they do, and measure it.

    Start with: convgan train-dcgan
    """
    if version:
        typer.echo(f"convgan {__version__}")
        raise typer.Exit


def add_training_command(task: Literal["classifier", "dcgan"], description: str) -> None:
    """Add `train-<task>`; the two commands differ in their recipe only."""

    def train(
        run: Annotated[
            str | None, typer.Argument(metavar="[RUN]", help="With --resume: which run.")
        ] = None,
        config: Annotated[
            str | None,
            typer.Option(
                "--config", "-c", help="A preset's name or a YAML file; else the default."
            ),
        ] = None,
        changes: SetOption = None,
        name: Annotated[
            str | None, typer.Option(help="Name of the run's folder, less its number.")
        ] = None,
        out: OutOption = OUTPUTS,
        seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
        epochs: Annotated[int | None, typer.Option(help="Epochs to train, in all.")] = None,
        device: DeviceOption = "auto",
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Build and check all, try a step, keep nothing.")
        ] = False,
        resume: Annotated[
            bool,
            typer.Option("--resume", help="Go on with RUN, or the newest; as it was configured."),
        ] = False,
        debug: DebugOption = False,
    ) -> None:
        open_log()
        from convgan.config import load_config
        from convgan.runs import find_run

        if run and not resume:
            raise UsageError(
                f"got {run!r} without --resume; to go on with a run write --resume {run}, "
                f"to choose a configuration --config {run}"
            )
        resumed = find_run(run, out, task=task) if resume else None
        given = list(changes or [])
        given += [] if seed is None else [f"seed={seed}"]
        given += [] if epochs is None else [f"train.epochs={epochs}"]
        source = config or (resumed.folder / "config.yaml" if resumed else DEFAULTS[task])
        loaded = load_config(source, given)
        if loaded.task != task:
            raise UsageError(f"{source} is for convgan train-{loaded.task}, not train-{task}")

        from convgan.hardware import start_tensorflow

        machine = start_tensorflow(device=device, show_noise=debug)
        from convgan.recipes.job import RunOptions

        job = RunOptions(
            out=out,
            name=name or loaded.name,
            device=machine,
            command=shlex.join(["convgan", *sys.argv[1:]]),
            dry_run=dry_run,
            resume=resumed,
        )
        from convgan.recipes.training import train as recipe

        done = recipe(loaded, job)
        if done:
            typer.echo(f"\nThe run is in {done.folder}")
            typer.echo(f"Look at   {done.folder / 'report.html'}")
            typer.echo(f"Evaluate  convgan eval {done.folder}")

    train.__doc__ = description
    app.command(f"train-{task}")(for_people(train))


add_training_command(
    "classifier",
    """Train an image classifier (default: classifier-mnist, digits).

    Example: convgan train-classifier --config classifier-fashion --epochs 3
    """,
)
add_training_command(
    "dcgan",
    """Train a DCGAN, a generator of pictures (default: dcgan-fashion, clothes).

    Example: convgan train-dcgan --config dcgan-mnist --set train.batch_size=64
    """,
)


@app.command()
@for_people
def make_gif(
    run: RunArgument = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file: .gif, or .mp4.")
    ] = None,
    fps: Annotated[float, typer.Option(help="Frames a second.")] = 4.0,
    hold: Annotated[float, typer.Option(help="Seconds that the last frame stays.")] = 2.0,
    scale: Annotated[int, typer.Option(help="Screen pixels a pixel of the grid.")] = 1,
    last: Annotated[int | None, typer.Option(min=1, help="Only the last N frames.")] = None,
    out: OutOption = OUTPUTS,
    debug: DebugOption = False,
) -> None:
    """Join the sample grids of a DCGAN run into a GIF or MP4.

    Example: convgan make-gif dcgan-fashion-0001 --fps 8 --output film.gif
    """
    open_log()
    from convgan.recipes.make_gif import AnimationOptions, make_gif
    from convgan.runs import find_run

    found = find_run(run, out, task="dcgan")
    typer.echo(
        str(make_gif(found, output, AnimationOptions(fps=fps, hold=hold, scale=scale, last=last)))
    )


@app.command("eval")
@for_people
def evaluate(
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN", help="Folders or names of runs; else the newest."),
    ] = None,
    evaluator: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="A classifier run that judges, not the bundled one."),
    ] = None,
    samples: Annotated[int, typer.Option(min=2, help="Pictures to generate.")] = 10_000,
    which: Annotated[
        Which | None, typer.Option(help="Which generator; else the best, if one was kept.")
    ] = None,
    labels: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Labels for the SVM on D's features.")
    ] = None,
    extrapolate: Annotated[
        bool, typer.Option("--extrapolate", help="Fréchet distance for infinite samples, too.")
    ] = False,
    all_checkpoints: Annotated[
        bool, typer.Option("--all-checkpoints", help="Fréchet distance of each checkpoint, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
    out: OutOption = OUTPUTS,
    device: DeviceOption = "auto",
    debug: DebugOption = False,
) -> None:
    """Measure runs on the test set: a classifier's accuracy, or a generator's quality.

    Several DCGAN runs are compared side by side.

    Example: convgan eval dcgan-fashion-0001 dcgan-fashion-0002
    """
    open_log(quiet=as_json)
    from convgan.hardware import start_tensorflow
    from convgan.runs import find_run

    found = [find_run(run, out) for run in runs] if runs else [find_run(None, out)]
    start_tensorflow(device=device, show_noise=debug)
    from convgan.recipes.evaluate import EvalOptions, evaluate_all
    from convgan.recipes.evaluation_tables import comparison_table, evaluation_tables
    from convgan.terminal import format_tables

    request = EvalOptions(
        out=out,
        evaluator=evaluator,
        samples=samples,
        which=which.value if which else None,
        labels=labels,
        extrapolate=extrapolate,
        all_checkpoints=all_checkpoints,
    )
    numbers = evaluate_all(found, request)
    if as_json:
        typer.echo(json.dumps(numbers if len(found) > 1 else numbers[0], indent=2))
        return
    tables = evaluation_tables(found[0]) if len(found) == 1 else [comparison_table(numbers)]
    typer.echo(format_tables(tables))
    for run in found:
        typer.echo(f"\nNumbers and pictures are in {run.folder / 'eval'}")
        typer.echo(f"Look at  {run.folder / 'report.html'}")


@app.command()
@for_people
def inspect(
    target: Annotated[
        str,
        typer.Argument(
            metavar="[TARGET]",
            help="A preset, a YAML file, a data set's name, or a folder of pictures.",
        ),
    ] = "dcgan-fashion",
    changes: SetOption = None,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Show a configuration's data set, with a grid.")
    ] = False,
    out: OutOption = OUTPUTS,
    debug: DebugOption = False,
) -> None:
    """Show a configuration's networks layer by layer, or a data set.

    Example: convgan inspect dcgan-fashion-article

    Example: convgan inspect fashion-mnist
    """
    open_log()
    from convgan.config import DataConfig
    from convgan.recipes.inspect import describe_data, describe_networks, find_target
    from convgan.terminal import format_tables

    found = find_target(target, changes or ())
    if not isinstance(found, DataConfig) and not pictures:
        typer.echo(describe_networks(found))
        return
    text, tables, grid = describe_data(found if isinstance(found, DataConfig) else found.data, out)
    typer.echo("\n\n".join([text, *filter(None, [format_tables(tables)]), f"Pictures: {grid}"]))


@app.command()
@for_people
def bench(
    configs: Annotated[
        list[str] | None, typer.Argument(help="Presets' names or YAML files; else four presets.")
    ] = None,
    changes: SetOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
    device: DeviceOption = "auto",
    debug: DebugOption = False,
) -> None:
    """Measure how fast training steps are here, and how near the machine's limit.

    Takes about a minute and a half on two cores.

    Example: convgan bench dcgan-fashion --set train.precision=mixed_bfloat16
    """
    open_log(quiet=as_json)
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


def main() -> None:
    """Run the command line."""
    app()
