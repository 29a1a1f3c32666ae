"""How the time for a picture grows with batch, picture size, width and number of pictures.

    python -m benchmarks.growth [--rounds 5] [--out docs/benchmark]

Writes growth.json and growth.png.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as convgan does, before it is imported

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from benchmarks.options import logger, parser, read_options, write
from convgan.config import GanRunConfig, load_config
from convgan.data import ImageSet
from convgan.hardware import start_tensorflow
from convgan.reporting.figures import plain_numbers, png_figure
from convgan.training.build import build_gan
from convgan.training.steps import compile_steps
from convgan.training.timing import Steps, seconds_per_step

BATCH, WIDTH = 32, 64
SIZES = {28: (7, 2), 64: (4, 4), 128: (4, 5)}
"""Picture size to the side of the first feature map and the number of doublings."""


def config(size: int = 28, batch: int = BATCH, width: int = WIDTH) -> GanRunConfig:
    """Return networks like the article's, without dropout, at another size, batch or width."""
    side, doublings = SIZES[size]
    up = [f"{{filters: {width}, kernel: 5, stride: 2, norm: batch, activation: selu}}"] * (
        doublings - 1
    )
    down = [f"{{filters: {width}, kernel: 5, stride: 2, activation: leaky_relu}}"]
    down += [f"{{filters: {2 * width}, kernel: 5, stride: 2, activation: leaky_relu}}"] * (
        doublings - 1
    )
    made = load_config(
        "dcgan-fashion-article",
        [
            "train.update=simultaneous",
            f"train.batch_size={batch}",
            f"generator.projection.size={side}",
            f"generator.projection.filters={2 * width}",
            f"generator.blocks=[{', '.join(up)}]",
            f"discriminator.blocks=[{', '.join(down)}]",
        ],
    )
    assert isinstance(made, GanRunConfig)
    return made


def steps(config: GanRunConfig, images: NDArray[np.uint8]) -> Steps:
    """Return the compiled step."""
    task = build_gan(config, images.shape[1:], 0, count=1000 * config.train.batch_size)
    pictures = ImageSet(images, None, (), "synthetic", "made for a benchmark")
    return compile_steps(task, pictures, config.train.batch_size)


def noise(count: int, size: int) -> NDArray[np.uint8]:
    """Return pictures (count, size, size, 1)."""
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 1), np.uint8)


def mapped(folder: Path, count: int) -> NDArray[np.uint8]:
    """Return pictures of 28 x 28 that lie in a file, which the system may hold in its cache."""
    path = folder / f"{count}.npy"
    made = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(count, 28, 28, 1))
    block = noise(1000, 28)
    for start in range(0, count, 1000):
        made[start : start + 1000] = block
    made.flush()
    images: NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    return images


def microseconds(made: dict[str, tuple[Steps, int]], rounds: int) -> dict[str, float]:
    """Return the median time for a picture, by name; each has its steps and batch size."""
    times = seconds_per_step({name: each for name, (each, _) in made.items()}, rounds=rounds)
    return {name: 1e6 * statistics.median(times[name]) / batch for name, (_, batch) in made.items()}


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Return microseconds for a picture along each axis."""
    few = noise(2000, 28)
    batches = (16, 32, 64, 128, 256, 512)
    results = {
        "batch size": microseconds(
            {str(n): (steps(config(batch=n), few), n) for n in batches}, rounds
        ),
        "picture size": microseconds(
            {str(n): (steps(config(size=n), noise(500, n)), BATCH) for n in SIZES}, rounds
        ),
        "width": microseconds(
            {str(n): (steps(config(width=n), few), BATCH) for n in (16, 32, 64, 128)}, rounds
        ),
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        patch("convgan.training.steps.MOST_IN_MEMORY", 0),  # read from the file, as larger sets are
    ):
        counts = (1_000, 10_000, 100_000, 1_000_000)
        results["number of pictures, in a file"] = microseconds(
            {str(n): (steps(config(), mapped(Path(folder), n)), BATCH) for n in counts}, rounds
        )
    return results


def draw(path: Path, results: dict[str, Any]) -> None:
    """Draw one panel per axis, both scales logarithmic."""
    with png_figure(path, 9, 6) as figure:
        for panel, (axis, values) in zip(figure.subplots(2, 2).flat, results.items(), strict=True):
            ticks = [int(n) for n in values]
            panel.loglog(ticks, list(values.values()), marker="o")
            panel.set_xticks(ticks, labels=[f"{n:,}" for n in ticks])
            panel.minorticks_off()
            panel.set_xlabel(axis)
            panel.set_ylabel("µs per image")
            panel.set_ylim(bottom=min(values.values()) / 3, top=max(values.values()) * 3)
            panel.grid(True)
            plain_numbers(panel.yaxis)


def main() -> None:
    """Measure, print and write."""
    options = read_options(parser(__doc__, rounds=5))
    start_tensorflow(device="cpu")
    tf.get_logger().setLevel("ERROR")  # it takes the many steps for one that is traced again
    results = measure(options.rounds)
    for axis, values in results.items():
        for name, value in values.items():
            logger.info("%-30s %10s %12.0f µs per image", axis, name, value)
    write(options.out / "growth.json", results)
    draw(options.out / "growth.png", results)


if __name__ == "__main__":
    main()
