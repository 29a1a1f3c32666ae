"""The card of an exported network: what a stranger must know of the file, in JSON and Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from convgan.files import replacing
from convgan.reporting.evaluation_tables import classifier_tables, generator_tables
from convgan.runs.evaluations import ClassifierEvaluation, GeneratorEvaluation
from convgan.runs.json_file import write_json


def write_card(
    target: Path,
    card: Mapping[str, Any],
    evaluation: ClassifierEvaluation | GeneratorEvaluation | None,
) -> None:
    """Write the card of the file `target`, whose name it adds .json and .md to.

    Raises:
        RunError: it cannot be written.
    """
    if evaluation is None:
        tables = []
    elif isinstance(evaluation, ClassifierEvaluation):
        tables = classifier_tables(evaluation)
    else:
        tables = generator_tables(evaluation)
    found = evaluation and evaluation.model_dump(mode="json")
    write_json(target.with_name(f"{target.name}.json"), {**card, "evaluation": found})
    environment = Environment(  # noqa: S701  (Markdown)
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    text = environment.get_template("network_card.md.j2").render(card, tables=tables)
    with replacing(target.with_name(f"{target.name}.md")) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="replace")
