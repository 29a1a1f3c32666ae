"""The commands: parse, call one recipe, print where its results are.

TensorFlow is imported inside the commands, so that `--help` and mistakes answer at once.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from convgan import __version__
from convgan.completion import (
    complete_change,
    complete_classifier_run,
    complete_preset,
    complete_run,
)
from convgan.errors import DataError, UsageError
from convgan.terminal import Commands, for_people

if TYPE_CHECKING:
    from convgan.callbacks.session import RunOptions
    from convgan.config import Config
    from convgan.runs import Run

OUTPUTS = Path("outputs")

app = typer.Typer(
    name="convgan",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
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
        "--set",
        metavar="A.B=V",
        help="Change one value of the configuration. Repeatable.",
        autocompletion=complete_change,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
RunArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="RUN",
        help="A run's folder or name; else the newest.",
        autocompletion=complete_run,
    ),
]


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


def train_by(config: Config, options: RunOptions) -> Run | None:
    """Train what a configuration is for; return the run, or None after a dry run."""
    from convgan.recipes.train_classifier import train_classifier
    from convgan.recipes.train_dcgan import train_dcgan

    if config.task == "classifier":
        return train_classifier(config, options)
    return train_dcgan(config, options)


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
        changes: SetOption = None,
        name: Annotated[
            str | None, typer.Option(help="Name of the run's folder, without its number.")
        ] = None,
        out: OutOption = OUTPUTS,
        seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
        epochs: Annotated[int | None, typer.Option(help="Epochs to train in total.")] = None,
        device: DeviceOption = "auto",
        dry_run: Annotated[
            bool,
            typer.Option("--dry-run", help="Build and check all, make one step, keep nothing."),
        ] = False,
        resume: Annotated[
            bool,
            typer.Option("--resume", help="Go on with RUN, or the newest, as it was configured."),
        ] = False,
        debug: DebugOption = False,
    ) -> None:
        from convgan.config import DEFAULT_PRESETS, load_config
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
        source = config or (resumed.folder / "config.yaml" if resumed else DEFAULT_PRESETS[task])
        loaded = load_config(source, given)
        if loaded.task != task:
            raise UsageError(f"{source} is for convgan train-{loaded.task}, not train-{task}")

        from convgan.hardware import start_tensorflow

        machine = start_tensorflow(device=device, show_noise=debug)
        from convgan.callbacks.session import RunOptions

        options = RunOptions(
            out=out,
            name=name or loaded.name,
            device=machine,
            command=shlex.join(["convgan", *sys.argv[1:]]),
            dry_run=dry_run,
            resume=resumed,
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


@app.command()
@for_people
def make_gif(
    run: RunArgument = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write: .gif or .mp4.")
    ] = None,
    fps: Annotated[float, typer.Option(help="Frames per second.")] = 4.0,
    hold: Annotated[float, typer.Option(help="Seconds that the last frame is held.")] = 2.0,
    scale: Annotated[int, typer.Option(help="Upscaling factor.")] = 1,
    last: Annotated[int | None, typer.Option(min=1, help="Only the last N frames.")] = None,
    out: OutOption = OUTPUTS,
    debug: DebugOption = False,
) -> None:
    """Join the sample grids of a DCGAN run into a GIF or MP4.

    Example: convgan make-gif dcgan-fashion-0001 --fps 8 --output film.gif
    """
    from convgan.recipes.make_gif import make_gif
    from convgan.runs import find_run

    found = find_run(run, out, task="dcgan")
    typer.echo(str(make_gif(found, output, fps=fps, hold=hold, scale=scale, last=last)))


@app.command()
@for_people
def generate(
    run: RunArgument = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="LIST", help="Seeds, one picture each: 0-99,7.")
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
    which: Annotated[
        Literal["best", "last", "raw"] | None,
        typer.Option(help="Which generator, raw: without average; else the best if one was kept."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder of the pictures; else `generated` in the run."),
    ] = None,
    grid: Annotated[Path | None, typer.Option(help="One PNG file with all of them.")] = None,
    npz: Annotated[Path | None, typer.Option(help="One npz file with all of them.")] = None,
    walk: Annotated[
        Path | None, typer.Option(help="A film from seed to seed and back: .gif or .mp4.")
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
    """
    from convgan.generation.seed_lists import parse_seeds
    from convgan.hardware import start_tensorflow
    from convgan.runs import find_run

    if sum(each is not None for each in (output, grid, npz, walk)) > 1:
        raise UsageError("got more than one of --output, --grid, --npz and --walk, expected one")
    if seeds is not None and count is not None:
        raise UsageError("got --seeds and --count, expected one of them")
    wanted = list(range(count or 64)) if seeds is None else parse_seeds(seeds)
    found = find_run(run, out, task="dcgan")
    start_tensorflow(device=device, show_noise=debug)
    from convgan.recipes import generate as recipe

    source = recipe.Source(
        found,
        recipe.Wanted(
            wanted,
            fill=seeds is None,
            class_name=class_name,
            truncation=truncation,
            which=which,
        ),
    )
    if walk:
        made = recipe.generate_walk(source, walk, frames=frames, fps=fps)
    elif grid:
        made = recipe.generate_grid(source, grid)
    elif npz:
        made = recipe.generate_archive(source, npz)
    else:
        made = recipe.generate_files(source, output or found.folder / "generated")
    typer.echo(str(made))


@app.command()
@for_people
def predict(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="A classifier's run.", autocompletion=complete_classifier_run
        ),
    ],
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Pictures, folders of them, or patterns.")
    ],
    top: Annotated[int, typer.Option(min=1, metavar="N", help="The N likeliest classes.")] = 1,
    show: Annotated[
        Path | None, typer.Option(help="A folder for what the network saw of each picture.")
    ] = None,
    as_json: JsonOption = False,
    out: OutOption = OUTPUTS,
    device: DeviceOption = "auto",
    debug: DebugOption = False,
) -> None:
    """Ask a trained classifier what is on pictures.

    For a network trained on MNIST a digit is found on the photograph first, and made as MNIST's.

    Example: convgan predict classifier-mnist-0001 photographs/*.jpg --show seen
    """
    from convgan.hardware import start_tensorflow
    from convgan.runs import find_run

    found = find_run(run, out, task="classifier")
    start_tensorflow(device=device, show_noise=debug)
    from convgan.recipes.predict import Reader, picture_files, prediction_table
    from convgan.terminal import format_tables

    predictions, wrong = Reader(found).predict(picture_files(files), show)
    if as_json:
        rows = [
            {
                "file": each.file,
                "class": each.likely[0][0],
                "probability": each.likely[0][1],
                "probabilities": each.probabilities,
            }
            for each in predictions
        ]
        typer.echo(json.dumps(rows, indent=2))
    elif predictions:
        typer.echo(format_tables([prediction_table(predictions, top)]))
    if wrong:
        raise DataError("\n".join(map(str, wrong)))


@app.command("eval")
@for_people
def evaluate(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN",
            help="Folders or names of runs; else the newest.",
            autocompletion=complete_run,
        ),
    ] = None,
    evaluator: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="A classifier run as the evaluator, not the bundled one.",
            autocompletion=complete_classifier_run,
        ),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(help="Images, more than the evaluator's features (128); else 10,000."),
    ] = None,
    which: Annotated[
        Literal["best", "last"] | None,
        typer.Option(help="Which generator; else the best if one was kept."),
    ] = None,
    labels: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Labels for the SVM on D's features.")
    ] = None,
    extrapolate: Annotated[
        bool | None,
        typer.Option("--extrapolate", help="Also the Fréchet distance for infinite samples."),
    ] = None,
    all_checkpoints: Annotated[
        bool | None,
        typer.Option("--all-checkpoints", help="Also each checkpoint's Fréchet distance."),
    ] = None,
    as_json: JsonOption = False,
    out: OutOption = OUTPUTS,
    device: DeviceOption = "auto",
    debug: DebugOption = False,
) -> None:
    """Measure runs on the test set, or compare them.

    Of a classifier the accuracy, of a DCGAN the quality of the generated images; several DCGAN
    runs are compared side by side.

    Example: convgan eval dcgan-fashion-0001 dcgan-fashion-0002
    """
    from convgan.hardware import start_tensorflow
    from convgan.runs import find_run

    found = [find_run(run, out) for run in runs] if runs else [find_run(None, out)]
    start_tensorflow(device=device, show_noise=debug)
    from convgan.evaluation.generator import EvalOptions
    from convgan.recipes.evaluate_classifier import evaluate_classifier_run
    from convgan.recipes.evaluate_generators import evaluate_generator_runs
    from convgan.reporting.evaluation_tables import comparison_table, evaluation_tables
    from convgan.terminal import format_tables

    options = EvalOptions(
        out=out,
        evaluator=evaluator,
        samples=samples,
        which=which,
        labels=labels,
        extrapolate=extrapolate,
        all_checkpoints=all_checkpoints,
    )
    if len(found) == 1 and found[0].task == "classifier":
        measured = [evaluate_classifier_run(found[0], options).model_dump(mode="json")]
        tables = evaluation_tables(found[0].folder)
    else:
        evaluations = evaluate_generator_runs(found, options)
        measured = [evaluation.model_dump(mode="json") for evaluation in evaluations]
        one = len(found) == 1
        tables = evaluation_tables(found[0].folder) if one else [comparison_table(evaluations)]
    if as_json:
        typer.echo(json.dumps(measured if len(measured) > 1 else measured[0], indent=2))
        return
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
    from convgan.recipes.inspect import describe_clusters, describe_data, find_target
    from convgan.terminal import format_tables

    found = find_target(target, changes or ())
    if isinstance(found, DataConfig) or pictures:
        section = found if isinstance(found, DataConfig) else found.data
        text, tables, grid = describe_data(section, out)
        typer.echo("\n\n".join(filter(None, [text, format_tables(tables), f"Pictures: {grid}"])))
        if isinstance(found, GanRunConfig) and found.conditional == "clusters":
            table, grid = describe_clusters(found, out)
            typer.echo(f"\n{format_tables([table])}\n\nClusters: {grid}")
        return
    start_tensorflow(device="cpu", show_noise=debug)
    from convgan.recipes.inspect import describe_networks

    typer.echo(format_tables(describe_networks(found)))


runs_app = typer.Typer(cls=Commands, rich_markup_mode=None)
app.add_typer(runs_app, name="runs")
TwoRuns = Annotated[
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
def runs_diff(one: TwoRuns, other: TwoRuns, out: OutOption = OUTPUTS) -> None:
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
    name: TwoRuns,
    out: OutOption = OUTPUTS,
    device: DeviceOption = "auto",
    debug: DebugOption = False,
) -> None:
    """Train again by a run's own configuration, and compare the results.

    On a machine of the same kind they are the same, to the last byte of the networks.

    Example: convgan runs rerun classifier-mnist-0001
    """
    from convgan.hardware import start_tensorflow
    from convgan.runs import find_run

    before = find_run(name, out)
    config = before.config()
    typer.echo(f"{before.name} was made by: {before.manifest.get('command')}")
    machine = start_tensorflow(device=device, show_noise=debug)
    from convgan.callbacks.session import RunOptions
    from convgan.recipes.runs import repetition_table
    from convgan.terminal import format_tables

    command = shlex.join(["convgan", *sys.argv[1:]])
    again = train_by(config, RunOptions(out=out, name=config.name, device=machine, command=command))
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
    paths = superfluous_checkpoints(found)
    if not paths:
        typer.echo("Nothing to remove: finished runs have their newest and best checkpoints only.")
        return
    for path in paths:
        typer.echo(f"  {path}")
    if not yes:
        typer.confirm(f"Remove {describe(paths)}?", abort=True)
    wrong = remove(paths)
    if wrong:
        raise UsageError("\n".join(wrong))
    typer.echo("Done.")


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


def main() -> None:
    """Run the command line; if what reads its output goes away, end as other commands do."""
    try:
        app(prog_name="convgan")
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):
            raise SystemExit(141) from None
        raise
