"""A network's layer table as plain text."""

from __future__ import annotations

from convgan.models.layer_table import Row


def format_table(rows: list[Row]) -> str:
    """Return the rows as plain text in aligned columns, with their sums below.

    Networks up to the size of the DCGAN paper's fit in 80 characters.
    """
    cells = [("layer", "output", "parameters", "multiply-adds", "sees")]
    for row in rows:
        output = "×".join(f"{n:,}" for n in row.output_shape)
        sees = "×".join(map(str, row.receptive_field or ()))
        cells.append((row.name, output, f"{row.parameters:,}", f"{row.multiply_adds:,}", sees))
    parameters = sum(row.parameters for row in rows)
    frozen = sum(row.non_trainable for row in rows)
    costs = sum(row.multiply_adds for row in rows)
    cells.append(("total, for one picture", "", f"{parameters:,}", f"{costs:,}", ""))
    cells.append(("  trainable", "", f"{parameters - frozen:,}", "", ""))
    cells.append(("  not trainable", "", f"{frozen:,}", "", ""))
    if not any(row.receptive_field for row in rows):
        cells = [(*cell[:-1], "") for cell in cells]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for name, *numbers in cells:
        right = [cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=True)]
        lines.append("  ".join([name.ljust(widths[0]), *right]).rstrip())
    rule = "-" * max(map(len, lines))
    lines = [lines[0], rule, *lines[1:-3], rule, *lines[-3:]]
    if widths[-1]:
        lines.append("sees: pixels of the picture that one value depends on, padding included")
    return "\n".join(lines)
