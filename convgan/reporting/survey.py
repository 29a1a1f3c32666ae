"""What `convgan inspect` says of a folder of pictures, and its contact sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convgan.data.survey import MOST_COMPARED, NEAR_BITS, Survey
from convgan.errors import counted
from convgan.reporting.images import class_grid, image_grid

SHEET_ROWS = 8  # pictures of each class on the contact sheet
_COLUMNS = 16  # classes there, the largest ones
_LISTED = 10  # names of pictures after each finding


def survey_lines(found: Survey, few: int) -> list[str]:
    """Return sizes and modes, what is wrong with which pictures, and what to expect of them.

    Of fewer than `few` training pictures a GAN is trained with augmentation.
    """

    def pairs(which: Sequence[tuple[int, int]]) -> list[str]:
        return [f"{found.names[later]} ({found.names[earlier]})" for earlier, later in which]

    compared = f"first {MOST_COMPARED:,} " if len(found.names) > MOST_COMPARED else ""
    findings = {
        "cannot be read": found.bad,
        "nearly empty": [found.names[index] for index in found.empty],
        "the same as an earlier picture, to the pixel": pairs(found.copies),
        f"of the {compared}others look like an earlier picture (of their hashes' 64 bits at most "
        f"{NEAR_BITS} differ)": pairs(found.alike),
        "of these pairs, one is for training and one for the test": pairs(found.across),
    }
    lines = [
        f"{what:<9} " + ", ".join(f"{each} {count:,}" for each, count in counts.most_common(5))
        for what, counts in (("sizes", found.sizes), ("modes", found.modes))
    ]
    for what, names in findings.items():
        lines += [f"{len(names):<9,} {what}", *(f"          {name}" for name in names[:_LISTED])]
        if len(names) > _LISTED:
            lines.append(f"          and {len(names) - _LISTED:,} more")
    return [*lines, "", *_expectations(found.class_counts(test=False), few)]


def contact_sheet(found: Survey) -> tuple[NDArray[np.uint8], list[str]]:
    """Return some pictures of each class in columns, and a line if there are too many."""
    counts = found.class_counts(test=False) + found.class_counts(test=True)
    names = [name for name, _ in counts.most_common(_COLUMNS)]
    thumbs = np.array([thumb for name in names for thumb in found.thumbs[name].values()])
    if names == [""]:
        return image_grid(thumbs, min(SHEET_ROWS, len(thumbs))), []
    labels = np.repeat(np.arange(len(names)), [len(found.thumbs[name]) for name in names])
    more = [f"The grid has the {len(names)} largest of {len(counts):,} classes."]
    return class_grid(thumbs, labels, names, SHEET_ROWS), more if len(counts) > len(names) else []


def _expectations(counts: Counter[str], few: int) -> list[str]:
    pictures = counted(counts.total(), "training picture")
    lines = [f"{pictures} are enough for a GAN without augmentation."]
    if counts.total() < few:
        lines = [f"{pictures} are few for a GAN: augmentation will be on."]
    ordered = counts.most_common()
    if ordered and ordered[0][1] >= 2 * ordered[-1][1]:
        (most, many), (least, fewest) = ordered[0], ordered[-1]
        lines.append(f"The classes are uneven: {many:,} of {most}, {fewest:,} of {least}.")
    return lines
