"""Each extension is one short file that no other knows, and takes part in everything."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from convgan.callbacks.progress import ProgressBar
from convgan.cli import app

from . import lightness, logistic_margin, r2, rings_dataset, squeeze_excite, total_variance

EXTENSIONS = (lightness, logistic_margin, r2, total_variance, squeeze_excite, rings_dataset)
CLASSIFIER: dict[str, Any] = {
    "task": "classifier",
    "name": "judge",
    "data": {"name": "rings", "validation": 0.2},
    "model": {"name": "squeeze_excite"},
    "train": {
        "epochs": 6,
        "batch_size": 8,
        "optimizer": {"name": "adam", "learning_rate": 0.01},
        "augmentations": [{"name": "lightness", "amount": 0.1}],
    },
}
GAN: dict[str, Any] = {
    "task": "dcgan",
    "name": "rings",
    "data": {"name": "rings"},
    "generator": {"projection": {"size": 6, "filters": 8}, "latent_dim": 8},
    "discriminator": {"name": "squeeze_excite"},
    "train": {
        "epochs": 2,
        "batch_size": 12,
        "loss": {"name": "logistic_margin", "margin": 0.25},
        "penalty": {"name": "r2", "weight": 0.5, "interval": 2},
        "generator_optimizer": {"name": "adam"},
        "discriminator_optimizer": {"name": "adam"},
        "sample_grid": 2,
    },
    "runtime": {"steps_per_call": 3},
}


def convgan(*arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(app, [*arguments])
    assert result.exit_code == exit_code, result.output
    return result.output


@pytest.mark.parametrize("extension", EXTENSIONS, ids=lambda each: each.__name__.rpartition(".")[2])
def test_an_extension_is_one_short_file_that_no_other_knows(extension: Any) -> None:
    path = Path(extension.__file__)
    assert len(path.read_text().splitlines()) <= 60
    root = Path(__file__).parents[2]
    for other in (root / "convgan").rglob("*.py"):
        assert path.stem not in other.read_text(), other


def test_train_stop_resume_evaluate_inspect_and_animate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = ["--out", str(tmp_path)]
    for name, config in (("classifier.yaml", CLASSIFIER), ("gan.yaml", GAN)):
        (tmp_path / name).write_text(yaml.safe_dump(config))
    tables = convgan("inspect", str(tmp_path / "gan.yaml"))
    assert "multiply" in tables
    assert "96 training" in convgan("inspect", "rings", *out)

    convgan("train-classifier", "--config", str(tmp_path / "classifier.yaml"), *out)
    accuracy = json.loads(convgan("eval", "--json", *out))
    assert accuracy["accuracy"] > 0.5

    def stop(_bar: ProgressBar, step: int, _logs: object) -> None:
        if step == 6:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(ProgressBar, "on_call_end", stop)
        convgan("train-dcgan", "--config", str(tmp_path / "gan.yaml"), *out, exit_code=143)
    convgan("train-dcgan", "--resume", *out)
    run = tmp_path / "rings-0001"
    log = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert log[-1]["step"] == 16
    assert "d_real_output" in log[0]
    assert any(line["penalty"] > 0 for line in log)

    evaluation = json.loads(
        convgan("eval", "rings-0001", "--json", "--evaluator", "judge-0001", *out)
    )
    (found,) = [each for each in evaluation["metrics"] if each["name"] == "total_variance"]
    assert found["reference"] > 0
    assert "spread of the features" in (run / "report.html").read_text()
    assert Path(convgan("make-gif", "rings-0001", *out).strip()).is_file()
