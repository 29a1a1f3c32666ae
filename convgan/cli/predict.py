"""`convgan predict`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from convgan.cli.app import app
from convgan.cli.options import OUTPUTS, DebugOption, DeviceOption, JsonOption, OutOption
from convgan.completion import complete_classifier_run
from convgan.errors import DataError
from convgan.terminal import for_people


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
    from convgan.recipes.predict import TrainedClassifier, picture_files, prediction_table
    from convgan.terminal import format_tables

    predictions, wrong = TrainedClassifier(found).predict(picture_files(files), show)
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
