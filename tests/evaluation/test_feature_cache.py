"""Features of real images: computed once, believed only where they are whole."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np
import pytest

from convgan.arrays import write_arrays
from convgan.evaluation import feature_cache
from convgan.evaluation.evaluator import Evaluator, load_evaluator
from convgan.evaluation.feature_cache import cached_predictions
from convgan.evaluation.metric import Predictions
from tests.training.tiny import pictures

from .judges import classifier_file

IMAGES = pictures(30)


@pytest.fixture
def evaluator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evaluator:
    monkeypatch.setattr(feature_cache, "convgan_cache", lambda: tmp_path / "cache")
    return load_evaluator(classifier_file(tmp_path), "mine")


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / "features").iterdir())


def equal(one: Predictions, other: Predictions) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_warm_call_gives_the_same_without_the_evaluator(
    tmp_path: Path, evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    cold = cached_predictions(evaluator, IMAGES)
    assert equal(cold, evaluator.predict(IMAGES.images))
    monkeypatch.setattr(Evaluator, "predict", None)
    warm = cached_predictions(evaluator, IMAGES)
    assert equal(warm, cold)
    assert [array.dtype for array in warm] == [np.float32, np.float32]
    assert len(files(tmp_path)) == 1


def test_other_images_evaluators_and_processors_have_files_of_their_own(
    tmp_path: Path, evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached_predictions(evaluator, IMAGES)
    cached_predictions(evaluator, pictures(30, seed=1))
    cached_predictions(Evaluator("mine", "0" * 64, evaluator.model), IMAGES)
    monkeypatch.setattr(feature_cache, "processor_kind", lambda: "abacus")
    cached_predictions(evaluator, IMAGES)
    monkeypatch.setattr(feature_cache, "EVALUATOR_BATCH", 7)
    cached_predictions(evaluator, IMAGES)
    assert len(files(tmp_path)) == 5


def damage(kind: str, path: Path, good: Predictions) -> None:
    whole = path.read_bytes()
    if kind == "flipped":
        path.write_bytes(whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:])
    elif kind in {"short", "long", "empty"}:
        path.write_bytes({"short": whole[:-8], "long": whole + bytes(2000), "empty": b""}[kind])
    elif kind == "header":
        path.write_bytes(b"\xff" * 8 + whole[8:])
    elif kind == "shape":
        write_arrays(path, {}, {"features": good.features.T, "logits": good.logits})
    elif kind == "type":
        bits = good.features.view(np.int32)
        write_arrays(path, {}, {"features": bits, "logits": good.logits})
    else:
        write_arrays(path, {}, {"feature": good.features, "logits": good.logits})


@pytest.mark.parametrize(
    "kind", ["flipped", "short", "long", "empty", "header", "shape", "type", "name"]
)
def test_a_damaged_file_is_reported_and_made_again(
    kind: str, tmp_path: Path, evaluator: Evaluator, caplog: pytest.LogCaptureFixture
) -> None:
    good = cached_predictions(evaluator, IMAGES)
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    damage(kind, path, good)
    with caplog.at_level(logging.WARNING, logger="convgan"):
        assert equal(cached_predictions(evaluator, IMAGES), good)
    assert "; it is made again" in caplog.text
    assert path.name in caplog.text
    assert path.read_bytes() == whole


def test_the_oldest_go_when_all_are_too_large(
    tmp_path: Path, evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached_predictions(evaluator, IMAGES)
    (first,) = files(tmp_path)
    monkeypatch.setattr(feature_cache, "LIMIT", 2 * first.stat().st_size)
    os.utime(first, (1, 1))
    torn = first.with_name(".0123.safetensors")  # of a process that was killed
    torn.write_bytes(bytes(100))
    os.utime(torn, (2, 2))
    cached_predictions(evaluator, pictures(30, seed=1))
    assert first not in files(tmp_path)
    assert torn in files(tmp_path)
    cached_predictions(evaluator, pictures(30, seed=2))
    assert torn not in files(tmp_path)
    assert len(files(tmp_path)) == 2
    monkeypatch.setattr(feature_cache, "LIMIT", 1)
    cached_predictions(evaluator, pictures(30, seed=3))
    assert len(files(tmp_path)) == 1


def test_a_folder_that_cannot_be_written_is_only_reported(
    tmp_path: Path, evaluator: Evaluator, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_bytes(b"")
    with caplog.at_level(logging.WARNING, logger="convgan"):
        found = cached_predictions(evaluator, IMAGES)
    assert equal(found, evaluator.predict(IMAGES.images))
    assert "not kept for the next time" in caplog.text
