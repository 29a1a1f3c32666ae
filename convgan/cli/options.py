"""Options and arguments that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from convgan.completion import complete_change, complete_run

OUTPUTS = Path("outputs")

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
WhichOption = Annotated[
    Literal["best", "last", "raw"] | None,
    typer.Option(help="Which generator, raw: without average; else the best if one was kept."),
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
