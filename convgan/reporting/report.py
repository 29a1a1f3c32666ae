"""One static HTML page about a run, to be opened beside its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from convgan.files import replacing


@dataclass(frozen=True)
class Table:
    """A table of texts: a title, the column heads, and rows as long as `header`."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    footer: Sequence[Sequence[str]] = ()
    """Rows of sums, below a rule."""
    note: str = ""
    """What a reader has to know, below the table."""


def write_report(
    path: Path,
    *,
    title: str,
    facts: Mapping[str, str],
    tables: Sequence[Table] = (),
    pictures: Sequence[tuple[str, str | PurePath]] = (),
) -> None:
    """Write a page that needs no network, no script and no other file than its pictures.

    All texts are escaped, so class names and paths may hold any character. The pictures are
    (caption, file relative to the folder of `path`).

    Raises:
        RunError: the file cannot be written.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html.j2").render(
        title=title,
        facts=facts,
        tables=tables,
        pictures=[
            (caption, quote(PurePath(picture).as_posix(), errors="replace"))
            for caption, picture in pictures
        ],
    )
    with replacing(path) as temporary:
        # A file name that is not UTF-8 reaches us with lone surrogates.
        temporary.write_text(page, encoding="utf-8", errors="replace")
