"""Every network and form of training through all commands: train, stop, resume, eval, inspect."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convgan.callbacks.progress import ProgressBar
from convgan.runs import Run

from .commands import FEW, TINY_CLASSIFIER, TINY_DCGAN, done, refused

GENERATOR = (
    "{name: resnet, latent_dim: 8, projection: {size: 7, filters: 4}, blocks: "
    "[{filters: 4, stride: 2}, {filters: 4, stride: 2, dropout: 0.1}], upsample: transposed}"
)
ENCODER = (
    "{name: resnet, stem: {filters: 4, stride: 2}, blocks: [{filters: 4}, {filters: 6, stride: 2}],"
    " downsample: max_pool}"
)
GAN = [*TINY_DCGAN[:5], "--epochs=2"]
CLASSIFIER = [*TINY_CLASSIFIER[:3], "--epochs=2"]


@pytest.mark.slow
def test_residual_networks_of_a_gan(tmp_path: Path) -> None:
    """That their state comes back is in tests/training/test_state.py."""
    networks = [f"--set=generator={GENERATOR}", f"--set=discriminator={ENCODER}"]
    networks.append("--set=conditional=false")
    text = done("inspect", "dcgan-fashion", *networks, *GAN[:2])
    assert "  skip: " in text
    assert text.count("  add  ") == 4
    done("train-dcgan", *networks, *GAN, "--out", tmp_path)
    numbers = json.loads(done("eval", "--json", FEW, "--labels=20", "--out", tmp_path))
    assert all(np.isfinite(result["value"]) for result in numbers["metrics"])
    # Each block's sum, pooled to 4 × 4.
    assert numbers["discriminator"]["trained"]["dimension"] == 16 * (4 + 6)
    run = Run.open(tmp_path / "dcgan-fashion-0001")
    assert len(run.manifest["samples"]) == 2
    assert (run.folder / "model/generator.keras").is_file()


@pytest.mark.slow
def test_a_residual_classifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = f"--set=model={ENCODER}"
    text = done("inspect", "classifier-fashion", model, "--set=data.source=sample")
    assert text.count("  add  ") == 2
    assert "skip: conv 6, 1×1" in text
    stopping: list[str | Path] = [
        model,
        *CLASSIFIER,
        "--set=runtime.steps_per_call=3",
        "--out",
        tmp_path,
    ]

    def stop(_bar: ProgressBar, _step: int, _logs: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(ProgressBar, "on_call_end", stop)
        refused(143, "train-classifier", "-c", "classifier-fashion", *stopping)
    done("train-classifier", "--resume", "--out", tmp_path)
    run = Run.open(tmp_path / "classifier-fashion-0001")
    assert run.manifest["status"] == "finished"
    assert run.records()[-1]["epoch"] == 2
    numbers = json.loads(done("eval", "--json", "--out", tmp_path))
    assert numbers["count"] == 1000
    assert np.isfinite(numbers["loss"])
    assert "val_accuracy" in run.manifest["results"]


@pytest.mark.slow
def test_the_recipe_of_wasserstein_with_gradient_penalty(tmp_path: Path) -> None:
    """How such a training is stopped and resumed is in tests/training/test_loop.py."""
    recipe = [
        "--set=train.loss=wasserstein",
        "--set=train.penalty={name: gradient_penalty, weight: 10}",
        "--set=train.update=alternating",
        "--set=train.critic_steps=5",
    ]
    done("train-dcgan", *TINY_DCGAN, *recipe, "--out", tmp_path)
    records: list[dict[str, Any]] = list(Run.open(tmp_path / "dcgan-fashion-0001").records())
    assert all(np.isfinite(record["g_loss"]) for record in records if "g_loss" in record)
    last = records[-1]
    assert {"d_real_output", "d_fake_output", "penalty"} <= last.keys()
    assert "d_real" not in last  # no probability
    said = refused(2, "train-dcgan", *TINY_DCGAN, *recipe, "--set=train.update=simultaneous")
    assert "critic_steps 5 goes with update 'alternating' only" in said


def test_a_rollback_is_asked_for_under_runtime(tmp_path: Path) -> None:
    """A rate at which nothing stays finite, three times."""
    wild = "--set=train.discriminator_optimizer.learning_rate=1e30"
    args: list[str | Path] = [*TINY_DCGAN, wild, "--out", tmp_path]
    said = refused(1, "train-dcgan", *args, "--set=runtime.on_nan=rollback")
    assert "after 3 rollbacks" in said
