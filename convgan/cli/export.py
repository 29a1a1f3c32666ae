"""`convgan export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from convgan.cli.app import app
from convgan.cli.options import OUTPUTS, DebugOption, OutOption, RunArgument, WhichOption
from convgan.terminal import for_people


@app.command()
@for_people
def export(
    file_format: Annotated[
        Literal["savedmodel", "onnx", "tflite", "keras"],
        typer.Option("--format", help="For TensorFlow, ONNX Runtime, LiteRT or Keras."),
    ],
    run: RunArgument = None,
    which: WhichOption = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder of the file; else `export` in the run."),
    ] = None,
    out: OutOption = OUTPUTS,
    debug: DebugOption = False,
) -> None:
    """Write a trained network for other programs.

    A classifier takes pictures and gives probabilities, a generator takes latent vectors and
    gives pictures. The file is opened again and compared with the network. A card beside it says
    what a stranger must know.

    Example: convgan export classifier-mnist-0001 --format onnx
    """
    from convgan.hardware import start_tensorflow
    from convgan.models.file_formats import check_packages
    from convgan.runs import find_run

    check_packages(file_format)
    found = find_run(run, out)
    start_tensorflow(device="cpu", show_noise=debug)
    from convgan.recipes.export import BATCHES, export_network

    path, difference = export_network(found, file_format, which, output or found.folder / "export")
    sizes = " and ".join(map(str, BATCHES))
    rounded = " beyond the rounding to grey levels" if found.task == "dcgan" else ""
    typer.echo(
        f"{path}\nLargest difference from the network, in batches of {sizes}: "
        f"{difference:.1g}{rounded}. Its card: {path}.md"
    )
