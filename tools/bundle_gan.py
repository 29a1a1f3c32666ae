"""Bundle the small networks that `convgan play` shows where it is given no run.

convgan train-dcgan --config convgan/generation/networks/digits.yaml
convgan eval
python tools/bundle_gan.py outputs/digits-0001
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from convgan.models.network_file import read_network
from convgan.runs import Run, write_json
from convgan.runs.classes import given_classes
from convgan.runs.evaluations import GeneratorEvaluation, read_evaluation

TARGET = Path(__file__).parent.parent / "convgan" / "generation" / "networks"
FILES = {
    "generator": "generator-best.safetensors",
    "discriminator": "discriminator.safetensors",
}


def bundle(folder: Path) -> None:
    """Copy the run's networks and write their card, with what `eval` found."""
    run = Run.open(folder)
    measured = read_evaluation(folder, GeneratorEvaluation)
    if measured is None:
        sys.exit(f"{folder} has no numbers yet: run convgan eval {folder}")
    networks = {}
    for role, file in FILES.items():
        source = folder / "model" / file
        shutil.copyfile(source, TARGET / f"digits-{role}.safetensors")
        saved = read_network(source)
        networks[role] = {"parameters": saved.network.count_params(), "sha256": saved.sha256}
    given = given_classes(run)
    write_json(
        TARGET / "digits.json",
        {
            "data": "mnist",
            "command": "convgan train-dcgan --config convgan/generation/networks/digits.yaml",
            "seed": run.config().seed,
            "epoch": measured.checkpoint.epoch,
            "train_sha256": measured.protocol.train_sha256,
            "test_sha256": measured.protocol.test_sha256,
            "classes": given.names,
            "fractions": given.fractions,
            "metrics": {each.name: each.value for each in measured.metrics},
            **networks,
            "versions": run.manifest["versions"],
        },
    )


if __name__ == "__main__":
    bundle(Path(sys.argv[1]))
