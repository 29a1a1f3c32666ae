"""The search for the recipe of the conditional GANs.

    python -m benchmarks.search [--seed 0] [--only NAME …] [--out docs/benchmark]

Each is a change of `cgan-fashion`, a conditional GAN, and is trained on the full Fashion-MNIST but
its held-out twentieth, by which alone it is judged: the Fréchet distance of 2,000 samples after
each epoch. What `search.json` already has is kept. Some 10 to 25 minutes each on two cores.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.options import logger, parser, read_options, train, write
from convgan.config import load_config
from convgan.hardware import start_tensorflow
from convgan.runs.log import MetricsFile

WIDE = (
    "generator.latent_dim=100",
    "generator.projection.filters=128",
    "generator.blocks.0.filters=128",
    "generator.blocks.1.filters=64",
    "discriminator.blocks.0.filters=64",
    "discriminator.blocks.1.filters=128",
    "discriminator.blocks.2.filters=128",
    "train.penalty.weight=1.0",
    "train.epochs=2",
)
UNITS = ("generator.blocks.0.residual_units=1", "discriminator.blocks.2.residual_units=1")
OFTEN = "train.penalty.interval=4"
STAYING = "train.schedule=constant"
CLUSTERS = "conditional=clusters"


def adam(rate: float, beta_2: float = 0.999) -> tuple[str, ...]:
    """Return the changes that give both networks this Adam."""
    value = f"{{name: adam, learning_rate: {rate}, beta_1: 0.5, beta_2: {beta_2}}}"
    return tuple(f"train.{network}_optimizer={value}" for network in ("generator", "discriminator"))


CANDIDATES: dict[str, tuple[str, ...]] = {
    "cgan-fashion": (),
    "clusters": (CLUSTERS,),
    "clusters, transposed convolutions, falls in 8 epochs": (
        CLUSTERS,
        "train.epochs=8",
        "generator.blocks.1={filters: 48, kernel: 4, stride: 2, norm: batch}",
    ),
    "half as wide, rates stay, R1 weight 1": (STAYING, "train.penalty.weight=1.0"),
    "wide, units, 7e-4 stays, R1 every 4": (*WIDE, *UNITS, STAYING, OFTEN, *adam(7e-4, 0.99)),
    "wide, units, 1e-3 falls, R1 every 4": (*WIDE, *UNITS, OFTEN, *adam(1e-3)),
    "wide, units, 1e-3 falls": (*WIDE, *UNITS, *adam(1e-3)),
    "wide, 1e-3 falls": (*WIDE, *adam(1e-3)),
    "wide, 1e-3 stays": (*WIDE, STAYING, *adam(1e-3)),
    "wide, 2e-3 stays": (*WIDE, STAYING, *adam(2e-3)),
    "wide, units, 1e-3 stays, R1 every 4": (*WIDE, *UNITS, STAYING, OFTEN, *adam(1e-3)),
}
"""β2 is 0.999 in the wide ones where nothing is said of it."""


def main() -> None:
    """Train, print and write."""
    arguments = parser(__doc__)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--only", nargs="+", choices=CANDIDATES, default=list(CANDIDATES))
    options = read_options(arguments)
    start_tensorflow(device="cpu")
    path: Path = options.out / "search.json"
    record: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    for name in options.only:
        if any((row["name"], row["seed"]) == (name, options.seed) for row in record):
            continue
        changes = [*CANDIDATES[name], "data.source=full", f"seed={options.seed}"]
        with tempfile.TemporaryDirectory() as folder:
            run = train(load_config("cgan-fashion", changes), Path(folder))
            assert run
            rows = MetricsFile(run.folder / "metrics.jsonl").records()
        distances = [row["val_frechet"] for row in rows if "val_frechet" in row]
        record.append({"name": name, "seed": options.seed, "val_frechet": distances})
        logger.info("%s, seed %d: %s", name, options.seed, distances)
        write(path, record)


if __name__ == "__main__":
    main()
