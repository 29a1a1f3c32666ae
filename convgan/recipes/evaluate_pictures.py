"""`convgan eval A.npz B.npz`: images from anywhere, A measured as generated against B as real."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convgan.data import Dataset, ImageSet
from convgan.data.npz import read_members
from convgan.errors import UsageError
from convgan.evaluation.comparison import SEED, protocol, provenance
from convgan.evaluation.find_evaluator import find_evaluator
from convgan.evaluation.generator import SAMPLES, EvalOptions, measure_images
from convgan.evaluation.reference import compute_reference
from convgan.runs.evaluations import ImagesEvaluation

_MAX_BYTES = 1 << 30  # of the images of one file


def evaluate_pictures(made: Path, real: Path, options: EvalOptions) -> ImagesEvaluation:
    """Measure the images of one archive against half of another's, drawn at random.

    The other half gives the reference, from as many images as are measured: `samples`, or all
    that there are of either. No run is touched.

    Raises:
        UsageError: an option is given that only a run has, no evaluator is of that name, or the
            images are of two sizes or too few.
        DataError: an archive is missing or damaged.
    """
    given = [name for name in ("which", "labels", "all_checkpoints") if getattr(options, name)]
    if given:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise UsageError(f"{names}: only for runs, and {made} is a file. Leave it out")
    generated, whole = _read(made), _read(real)
    if generated.image_shape != whole.image_shape:
        raise UsageError(
            f"the images of {made} are {generated.image_shape}, those of {real} "
            f"{whole.image_shape} (height, width, channels): give files of one size"
        )
    evaluator = find_evaluator(None, whole, options.out, options.evaluator)
    rng = np.random.default_rng(SEED)
    drawn, order = (rng.permutation(len(each)) for each in (generated, whole))
    half = len(whole) // 2
    dataset = Dataset(whole.take(order[:half]), whole.take(order[half:]))
    count = min(options.samples or SAMPLES, len(generated), half)
    reference = compute_reference(evaluator, dataset, count=count, seed=SEED)
    evidence = reference.evidence(evaluator.predict(generated.images[drawn[:count]]))
    how = protocol(evaluator, dataset, count, metrics=options.metrics)
    return measure_images(evidence, reference, how, provenance(str(made), whole), options.metrics)


def _read(path: Path) -> ImageSet:
    """Read `images`, uint8 (N, H, W) or (N, H, W, C), as `convgan generate --npz` writes them."""
    images = read_members(path, {"images": "uint8"}, max_bytes=_MAX_BYTES)["images"]
    return ImageSet(
        images[..., None] if images.ndim == 3 else images, None, (), path.stem, str(path)
    )
