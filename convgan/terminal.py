"""What the terminal shows: messages, tables, and errors for people instead of tracebacks."""

from __future__ import annotations

import functools
import logging
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TextIO

import typer
from typer.core import TyperGroup

from convgan.errors import ConvganError

if TYPE_CHECKING:
    from convgan.reporting.report import Table

P = ParamSpec("P")
_INDENT = "  "
_GAP = 2  # spaces between columns


class Commands(TyperGroup):
    """The commands, of each of which `--help` shows the sentence whole at any width."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List them; Click itself cuts the sentences to one line."""
        listed = [(name, self.commands[name]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.get_short_help_str(999)) for name, each in listed])


class _Lines(logging.Handler):
    """Messages to standard output, warnings to standard error, both beside a progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one message; a terminal or pipe that was closed does not end a training."""
        from tqdm import tqdm

        warning = record.levelno >= logging.WARNING
        text = f"warning: {record.getMessage()}" if warning else record.getMessage()
        stream = sys.stderr if warning else sys.stdout
        with suppress(OSError):
            tqdm.write(wrap(text, _width(stream)), file=stream)
            if not warning:
                sys.stdout.flush()


def open_log(*, quiet: bool = False) -> None:
    """Show convgan's own messages; with `quiet` its warnings only."""
    logger = logging.getLogger("convgan")
    logger.handlers = [_Lines()]
    logger.propagate = False
    logger.setLevel(logging.WARNING if quiet else logging.INFO)


def for_people(command: Callable[P, None]) -> Callable[P, None]:
    """Open the log; turn errors of a command into a message and an exit code, but with `debug`."""

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        open_log(quiet=bool(kwargs.get("as_json")))
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
                _complain(f"convgan: {error}")
                raise typer.Exit(error.exit_code) from None
            _complain(
                f"convgan: unexpected {type(error).__name__}: {error}\n"
                "Repeat the command with --debug to see where it came from."
            )
            raise typer.Exit(1) from None

    return guarded


def _complain(message: str) -> None:
    typer.echo(wrap(message, _width(sys.stderr)), err=True)


def format_tables(tables: Sequence[Table], *, width: int | None = None) -> str:
    """Return tables as plain text in aligned columns: the first to the left, the others right.

    Heads and first columns wrap at `width` characters, or else at the terminal's width; numbers
    never do. Text that does not go to a terminal is not wrapped.
    """
    limit = width or _width(sys.stdout)
    return "\n\n".join(_format(_printable_cells(table), limit) for table in tables)


def _printable_cells(table: Table) -> Table:
    head, *rows = (
        ["\\n".join(map(_printable, cell.split("\n"))) for cell in row]
        for row in (table.header, *table.rows, *table.footer)
    )
    count = len(table.rows)
    return replace(table, header=head, rows=rows[:count], footer=rows[count:])


def _printable(line: str) -> str:
    """Return it with control signs, which a file's name may hold, as their escapes."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in line
    )


def _format(table: Table, limit: int) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    rule = "    \n    \n -- \n    \n -- \n    \n    \n    \n"  # below heads and above sums
    grid = Grid(
        box=box.Box(rule, ascii=True),
        show_header=any(table.header),
        show_edge=False,
        pad_edge=False,
        padding=(0, _GAP - 1, 0, 0),  # the box itself adds one space
    )
    widths = _column_widths(table, limit - len(_INDENT))
    for index, (head, wide) in enumerate(zip(table.header, widths, strict=True)):
        side: Literal["left", "right"] = "right" if index else "left"
        grid.add_column(Text(head), width=wide, justify=side, overflow="fold")
    for row in table.rows:
        grid.add_row(*map(Text, row))
    grid.add_section()
    for row in table.footer:
        grid.add_row(*map(Text, row))
    console = Console(width=sum(widths) + _GAP * len(widths), color_system=None)
    with console.capture() as captured:
        console.print(grid)
    lines = [f"{_INDENT}{line}".rstrip() for line in captured.get().splitlines()]
    texts = [wrap(text, limit) for text in (table.title, table.note)]
    return "\n".join([texts[0], *lines, *filter(None, texts[1:])])


def _column_widths(table: Table, limit: int) -> list[int]:
    """Return the columns' widths, which add up to at most `limit` if numbers and words allow."""
    from rich.cells import cell_len

    widths, least = [], []
    for index, head in enumerate(table.header):
        cells = [row[index] for row in (*table.rows, *table.footer)]
        unbroken = cells if index else [word for cell in cells for word in _words(cell)]
        widths.append(max(map(cell_len, [head, *cells])))
        least.append(max(map(cell_len, ["", *_words(head), *unbroken])))
    while sum(widths) + _GAP * (len(widths) - 1) > limit and widths != least:
        spare = [width if width > low else 0 for width, low in zip(widths, least, strict=True)]
        widths[spare.index(max(spare))] -= 1
    return widths


def _words(text: str) -> list[str]:
    """Return what a line cannot end within: the words, the first with its indentation."""
    return re.findall(r"^\s*\S+|\S+", text)


def wrap(text: str, width: int) -> str:
    """Return lines of at most `width` characters; indented ones, to be pasted, stay whole."""
    return "\n".join(
        line
        if line.startswith(" ")
        else textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
        for line in map(_printable, text.split("\n"))
    )


def _width(stream: TextIO) -> int:
    """Return a terminal's width, or for a file or pipe one that nothing reaches."""
    return shutil.get_terminal_size().columns if stream.isatty() else sys.maxsize
