"""What the terminal shows: messages, tables, and errors for people instead of tracebacks."""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, ParamSpec

import typer

from convgan.errors import ConvganError

if TYPE_CHECKING:
    from convgan.reporting import Table

P = ParamSpec("P")


class _Lines(logging.Handler):
    """Messages to standard output, warnings to standard error, both beside a progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one message; a terminal or pipe that was closed does not end a training."""
        from tqdm import tqdm

        warning = record.levelno >= logging.WARNING
        text = f"warning: {record.getMessage()}" if warning else record.getMessage()
        with suppress(OSError):
            tqdm.write(text, file=sys.stderr if warning else sys.stdout)
            if not warning:
                sys.stdout.flush()


def open_log(*, quiet: bool = False) -> None:
    """Show convgan's own messages; with `quiet` its warnings only."""
    logger = logging.getLogger("convgan")
    logger.handlers = [_Lines()]
    logger.propagate = False
    logger.setLevel(logging.WARNING if quiet else logging.INFO)


def for_people(command: Callable[P, None]) -> Callable[P, None]:
    """Turn errors of a command into a message and an exit code, unless it got `debug`."""

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            typer.echo("\nstopped", err=True)
            raise typer.Exit(130) from None
        except Exception as error:
            if kwargs.get("debug"):
                raise
            if isinstance(error, ConvganError):
                typer.echo(f"convgan: {error}", err=True)
                raise typer.Exit(error.exit_code) from None
            typer.echo(
                f"convgan: unexpected {type(error).__name__}: {error}\n"
                "Repeat the command with --debug to see where it came from.",
                err=True,
            )
            raise typer.Exit(1) from None

    return guarded


def format_tables(tables: Sequence[Table]) -> str:
    """Return tables as aligned plain text: the first column left, the others right."""
    return "\n\n".join(_format(table) for table in tables)


def _format(table: Table) -> str:
    rows = [table.header, *table.rows]
    widths = [max(len(row[place]) for row in rows) for place in range(len(table.header))]
    lines = [table.title]
    for row in rows if any(table.header) else table.rows:
        first, *others = (
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append(("  " + "  ".join([first, *others])).rstrip())
    return "\n".join(lines)
