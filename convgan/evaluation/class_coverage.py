"""Which classes a generator makes, as a classifier sees them: mode collapse in plain words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

RARE = 0.1  # a class below this part of its real share counts as nearly missing


def evaluate_class_coverage(
    generated: NDArray[np.integer],
    real: NDArray[np.integer],
    class_names: tuple[str, ...],
) -> dict[str, Any]:
    """Compare the predicted classes of generated (N,) and real (M,) pictures.

    Returns:
        for each class its share among both, the classes that are missing or below a tenth of
        their real share, the total variation distance of the shares (0 alike, 1 disjoint),
        and a sentence that says what it means.
    """
    shares = _shares(generated, len(class_names))
    expected = _shares(real, len(class_names))
    missing = [n for n, s, e in zip(class_names, shares, expected, strict=True) if e > 0 == s]
    rare = [
        name
        for name, share, real_share in zip(class_names, shares, expected, strict=True)
        if 0 < share < RARE * real_share
    ]
    return {
        "generated": len(generated),
        "real": len(real),
        "generated_shares": dict(zip(class_names, shares.tolist(), strict=True)),
        "real_shares": dict(zip(class_names, expected.tolist(), strict=True)),
        "missing": missing,
        "rare": rare,
        "total_variation": float(np.abs(shares - expected).sum() / 2),
        "verdict": _verdict(missing, rare, int((expected > 0).sum())),
    }


def _shares(predicted: NDArray[np.integer], num_classes: int) -> NDArray[np.float64]:
    return np.bincount(predicted, minlength=num_classes) / len(predicted)


def _verdict(missing: list[str], rare: list[str], num_classes: int) -> str:
    if not missing and not rare:
        return f"All {num_classes} classes are there: no sign of mode collapse."
    parts = []
    if missing:
        parts.append(f"never makes {', '.join(missing)}")
    if rare:
        parts.append(f"hardly ever makes {', '.join(rare)}")
    made = num_classes - len(missing) - len(rare)
    return (
        f"Mode collapse: the generator makes {made} of {num_classes} classes; it "
        f"{' and '.join(parts)}. Try more epochs or pictures, a penalty (train.penalty) "
        "or lower rates, or another seed."
    )
