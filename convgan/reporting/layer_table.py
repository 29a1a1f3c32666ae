"""A network's layer table, for people."""

from __future__ import annotations

from collections.abc import Sequence

from convgan.models.layer_table import Row
from convgan.reporting.report import Table


def network_table(name: str, rows: Sequence[Row]) -> Table:
    """Return the rows, with their sums below.

    Networks up to the size of the DCGAN paper's fit in 80 characters.
    """
    parameters = sum(row.parameters for row in rows)
    frozen = sum(row.non_trainable for row in rows)
    costs = sum(row.multiply_adds for row in rows)
    cells: list[tuple[str, ...]] = [
        (
            row.name,
            "×".join(f"{n:,}" for n in row.output_shape),
            f"{row.parameters:,}",
            f"{row.multiply_adds:,}",
            "×".join(map(str, row.receptive_field or ())),
        )
        for row in rows
    ]
    footer: list[tuple[str, ...]] = [
        ("total, for one image", "", f"{parameters:,}", f"{costs:,}", ""),
        ("  trainable", "", f"{parameters - frozen:,}", "", ""),
        ("  not trainable", "", f"{frozen:,}", "", ""),
    ]
    note = "sees: pixels of the image that one value depends on, padding included"
    header = ["layer", "output", "parameters", "multiply-adds", "sees"]
    if not any(row.receptive_field for row in rows):
        header, note = header[:-1], ""
        cells, footer = [row[:-1] for row in cells], [row[:-1] for row in footer]
    return Table(name, header, cells, footer=footer, note=note)
