"""Make the network that comes with convgan for a data set, from a finished classifier run.

convgan train-classifier --config evaluator-fashion
python tools/bundle_evaluator.py outputs/evaluator-fashion-0001
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from convgan.config import ClassifierRunConfig
from convgan.data import load_dataset
from convgan.evaluation.classification import evaluate_classification
from convgan.evaluation.evaluator import load_evaluator
from convgan.runs import Run, write_json

TARGET = Path(__file__).parent.parent / "convgan" / "evaluation" / "networks"


def bundle(folder: Path) -> None:
    """Copy the run's network and write its card, with what it scores on the test set."""
    run = Run.open(folder)
    config = run.config()
    if not isinstance(config, ClassifierRunConfig):
        sys.exit(f"{folder} is not a classifier run")
    dataset = load_dataset(config.data.model_copy(update={"source": "full"}))
    test = dataset.test
    source = folder / "model" / "classifier.safetensors"
    network = load_evaluator(source, run.name)
    if test.labels is None:
        sys.exit(f"{test.origin} has no classes")
    features, logits = network.predict(test.images)
    numbers = evaluate_classification(logits, test.labels, test.class_names)
    spread = features.std(axis=0)
    TARGET.mkdir(exist_ok=True)
    shutil.copyfile(source, TARGET / f"{test.name}.safetensors")
    write_json(
        TARGET / f"{test.name}.json",
        {
            "data": test.name,
            "command": f"convgan train-classifier --config {config.name}",
            "seed": config.seed,
            "train_sha256": dataset.train.fingerprint,
            "test_sha256": test.fingerprint,
            "test_accuracy": numbers.accuracy,
            "test_accuracy_95": numbers.accuracy_95,
            "parameters": network.model.count_params(),
            "features": network.dimension,
            "dead_features": int((spread < 0.01 * spread.max()).sum()),
            "sha256": network.sha256,
            "versions": run.manifest["versions"],
        },
    )


if __name__ == "__main__":
    bundle(Path(sys.argv[1]))
