"""`convgan eval`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from convgan.cli.app import app
from convgan.cli.options import OUTPUTS, DebugOption, DeviceOption, JsonOption, OutOption
from convgan.completion import complete_classifier_run, complete_run
from convgan.errors import UsageError
from convgan.terminal import for_people


@app.command("eval")
@for_people
def evaluate(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN",
            help="Folders or names of runs, else the newest; or two npz files of images.",
            autocompletion=complete_run,
        ),
    ] = None,
    evaluator: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="A classifier run as the evaluator, or random; else the bundled one.",
            autocompletion=complete_classifier_run,
        ),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(min=1, help="Images, more than the evaluator's features (128); else 10,000."),
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
    runs are compared side by side. Of two npz files the first is measured as generated images
    against the second as real ones.

    Example: convgan eval dcgan-fashion-0001 dcgan-fashion-0002

    Example: convgan eval generated.npz real.npz
    """
    from convgan.hardware import start_tensorflow
    from convgan.runs import find_run

    files = [Path(name) for name in runs or () if name.lower().endswith(".npz")]
    if files and (len(files), len(runs or ())) != (2, 2):
        raise UsageError(
            "eval measures runs, or two npz files: convgan eval generated.npz real.npz"
        )
    wanted: Sequence[str | None] = runs or [None]
    found = [] if files else [find_run(run, out) for run in wanted]
    start_tensorflow(device=device, show_noise=debug)
    from convgan.evaluation.generator import EvalOptions
    from convgan.recipes.evaluate_classifier import evaluate_classifier_run
    from convgan.recipes.evaluate_generators import evaluate_generator_runs
    from convgan.recipes.evaluate_pictures import evaluate_pictures
    from convgan.reporting.evaluation_tables import (
        comparison_table,
        evaluation_tables,
        images_tables,
    )
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
    if files:
        pictures = evaluate_pictures(files[0], files[1], options)
        measured = [pictures.model_dump(mode="json")]
        tables = images_tables(pictures, str(files[0]), f"of {files[1]}")
    elif len(found) == 1 and found[0].task == "classifier":
        evaluation = evaluate_classifier_run(found[0], options)
        measured, tables = [evaluation.model_dump(mode="json")], evaluation_tables(evaluation)
    else:
        evaluations = evaluate_generator_runs(found, options)
        measured = [evaluation.model_dump(mode="json") for evaluation in evaluations]
        one = len(found) == 1
        tables = evaluation_tables(evaluations[0]) if one else [comparison_table(evaluations)]
    if as_json:
        typer.echo(json.dumps(measured if len(measured) > 1 else measured[0], indent=2))
        return
    typer.echo(format_tables(tables))
    for run in found:
        typer.echo(f"\nNumbers and pictures are in {run.folder / 'eval'}")
        typer.echo(f"Look at  {run.folder / 'report.html'}")
