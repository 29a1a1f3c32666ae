"""Tables, and pages that hold all that they need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

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
    meanings: Sequence[str] = ()
    """A sentence for each row or none, which a page shows below it."""


def write_page(path: Path, template: str, **values: Any) -> None:
    """Write a page of `pages/` as one file that asks for no other and needs no network.

    In HTML all texts are escaped, so class names and paths may hold any character.

    Raises:
        RunError: the file cannot be written.
    """
    page = _environment().get_template(template).render(values)
    with replacing(path) as temporary:
        # A file name that is not UTF-8 reaches us with lone surrogates.
        temporary.write_text(page, encoding="utf-8", errors="replace")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "pages"),
        autoescape=select_autoescape(disabled_extensions=["md.j2"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
