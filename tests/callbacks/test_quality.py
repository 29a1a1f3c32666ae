"""What is measured, and what is warned of, while a DCGAN trains."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from convgan.callbacks.health import HealthCheck
from convgan.callbacks.quality import GeneratorQuality
from convgan.config import load_config
from convgan.errors import UsageError
from convgan.evaluation.evaluator import load_evaluator
from convgan.evaluation.metrics.frechet import fit_gaussian, frechet_distance
from convgan.models.network_file import write_network
from convgan.runs import Run
from convgan.training.state import TrainingState
from tests.training.tiny import CLASSES, classifier_spec, dcgan, gan_train, pictures

HELD_OUT = pictures(60)
TRAIN = gan_train()


@pytest.fixture
def evaluator(tmp_path: Path) -> Any:
    path, spec = tmp_path / "classifier.safetensors", classifier_spec()
    write_network(path, "classifier", spec.build(), spec)
    return load_evaluator(path, "evaluator")


def test_the_distance_is_that_of_the_averaged_generators_samples(evaluator: Any) -> None:
    task = dcgan(TRAIN)
    quality = GeneratorQuality(task, evaluator, HELD_OUT, samples=70, every=2)
    assert quality(0) == {}
    assert quality.classes is None
    numbers = quality(1)
    made, _ = evaluator.predict(task.sample("quality", 70).numpy())
    real, _ = evaluator.predict(HELD_OUT.images)
    expected = frechet_distance(fit_gaussian(made), fit_gaussian(real))
    assert numbers == {"val_frechet": pytest.approx(expected, rel=1e-4)}
    assert quality(3) == numbers  # the same latent vectors each time
    assert quality.classes is not None
    assert set(quality.classes.generated) == set(CLASSES)


@pytest.mark.parametrize(
    ("samples", "held_out", "said"),
    [(48, 60, "train.evaluate_samples is 48;"), (70, 48, "data.validation holds out 48 of")],
)
def test_too_few_pictures_are_refused(
    evaluator: Any, samples: int, held_out: int, said: str
) -> None:
    assert evaluator.dimension == 48
    with pytest.raises(UsageError, match=f"{said}.*expected more than the 48 features"):
        GeneratorQuality(dcgan(TRAIN), evaluator, HELD_OUT.head(held_out), samples=samples, every=1)


def test_the_health_check_warns_once_and_tells_the_manifest(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = Run.create(tmp_path, "tiny", load_config("dcgan-fashion"))
    task = dcgan(TRAIN)
    state = TrainingState(run.folder / "checkpoints", task)
    health = HealthCheck(run, state, task, TRAIN, None)
    run.log({"step": 1, "epoch": 0.5, "d_loss": 1.0, "g_loss": 1.0})
    state.progress.step = 1
    with caplog.at_level(logging.WARNING, logger="convgan"):
        health.on_epoch_end(0, {})
    assert caplog.text == ""
    assert "warnings" not in run.manifest
    state.progress.step = 2
    run.log({"step": 2, "epoch": 1.0, "d_loss": float("nan"), "g_loss": 1.0})
    with caplog.at_level(logging.WARNING, logger="convgan"):
        health.on_epoch_end(1, {})
        health.on_epoch_end(2, {})
    assert caplog.text.count("d_loss") == 1
    assert [(w["step"], w["name"]) for w in run.manifest["warnings"]] == [(2, "not_finite")]
    run.rewind(1)
    assert run.manifest["warnings"] == []


def test_the_health_check_keeps_what_it_compares_with_and_no_more(tmp_path: Path) -> None:
    run = Run.create(tmp_path, "tiny", load_config("dcgan-fashion"))
    task = dcgan(TRAIN)
    state = TrainingState(run.folder / "checkpoints", task)
    health = HealthCheck(run, state, task, TRAIN, None)
    for epoch in range(12):
        state.progress.step = 300 * (epoch + 1)
        health.on_epoch_end(epoch, {})
    assert [samples.step for samples in health.samples] == [2400, 2700, 3000, 3300, 3600]
