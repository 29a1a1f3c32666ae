"""The commands: each parses, calls one recipe, prints where its results are.

TensorFlow is imported inside the commands, so that `--help` and mistakes answer at once.
"""

from __future__ import annotations

# Each joins the application, in the order of --help.
from convgan.cli import train, launch, make_gif, generate, predict, play, export
from convgan.cli import evaluate, inspect, runs, bench
from convgan.cli.app import app

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; if what reads its output goes away, end as other commands do."""
    try:
        app(prog_name="convgan")
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):
            raise SystemExit(141) from None
        raise
