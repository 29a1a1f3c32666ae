"""Pages for a browser: each one file, without anything from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_FOLDER = Path(__file__).parent


def render(template: str, **values: Any) -> str:
    """Return a template's page. All texts are escaped, so names may hold any character.

    Data for scripts goes into a page by `{{ data|tojson }}`, which escapes too.
    """
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["source"] = _source
    return environment.get_template(template).render(**values)


def _source(name: str) -> Markup:
    """Return a style sheet or script of this folder, as it is."""
    return Markup((_FOLDER / name).read_text(encoding="utf-8"))  # noqa: S704
