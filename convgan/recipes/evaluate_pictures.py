"""`convgan eval A.npz B.npz`: images from anywhere, A measured as generated against B as real."""

from __future__ import annotations

from pathlib import Path

from convgan.data import ImageSet
from convgan.data.npz import read_members
from convgan.errors import UsageError
from convgan.evaluation.find_evaluator import evaluator_by_name
from convgan.evaluation.generator import EvalOptions
from convgan.evaluation.images import evaluate_images
from convgan.runs.evaluations import ImagesEvaluation

_MAX_BYTES = 1 << 30  # of the images of one file


def evaluate_pictures(generated: Path, real: Path, options: EvalOptions) -> ImagesEvaluation:
    """Measure the images of one archive against those of another; no run is touched.

    Raises:
        UsageError: an option is given that only a run has, no evaluator is of that name, or the
            images are of two sizes or too few.
        DataError: an archive is missing or damaged.
    """
    given = [name for name in ("which", "labels", "all_checkpoints") if getattr(options, name)]
    if given:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise UsageError(f"{names}: only for runs, and {generated} is a file. Leave it out")
    made, wanted = _read(generated), _read(real)
    if made.image_shape != wanted.image_shape:
        raise UsageError(
            f"the images of {generated} are {made.image_shape}, those of {real} "
            f"{wanted.image_shape} (height, width, channels): give files of one size"
        )
    evaluator = evaluator_by_name(wanted, options.out, options.evaluator)
    return evaluate_images(made, wanted, evaluator, options)


def _read(path: Path) -> ImageSet:
    """Read `images`, uint8 (N, H, W) or (N, H, W, C), as `convgan generate --npz` writes them."""
    images = read_members(path, {"images": "uint8"}, max_bytes=_MAX_BYTES)["images"]
    return ImageSet(
        images[..., None] if images.ndim == 3 else images, None, (), path.stem, str(path)
    )
