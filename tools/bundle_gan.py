"""Bundle the small GAN that `convgan play` shows where it is given no run.

convgan train-dcgan --config convgan/generation/networks/digits/config.yaml
convgan eval
python tools/bundle_gan.py outputs/digits-0001
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from convgan.registry import DATASETS
from convgan.runs import Run, write_json
from convgan.runs.classes import given_classes
from convgan.runs.evaluations import GeneratorEvaluation, read_evaluation

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "convgan" / "generation" / "networks" / "digits"
FILES = {
    "generator": "generator-best.safetensors",
    "discriminator": "discriminator.safetensors",
}


def bundle(folder: Path) -> None:
    """Copy the run's networks, and of its manifest what it takes to open it there."""
    run = Run.open(folder)
    measured = read_evaluation(run)
    if not isinstance(measured, GeneratorEvaluation):
        sys.exit(f"{folder} has no numbers yet: run convgan eval {folder}")
    for role, file in FILES.items():
        shutil.copyfile(folder / "model" / file, TARGET / "model" / f"{role}.safetensors")
    kept = ("task", "status", "started", "seed", "versions", "parameters")
    data = run.manifest["data"]
    write_json(
        TARGET / "run.json",
        {
            "name": "digits",
            "command": f"convgan train-dcgan --config {TARGET.relative_to(ROOT)}/config.yaml",
            **{name: run.manifest[name] for name in kept},
            "data": data | {"origin": DATASETS[data["name"]].origin},
            "classes": given_classes(run).model_dump(),
            "results": {"epoch": measured.checkpoint.epoch, "step": measured.checkpoint.step},
            "metrics": {each.name: each.value for each in measured.metrics},
        },
    )


if __name__ == "__main__":
    bundle(Path(sys.argv[1]))
