"""`train.precision: auto` becomes the precision that is faster here, in the run's configuration."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from convgan.config import ClassifierRunConfig, load_config
from convgan.training import precision
from convgan.training.precision import resolve_precision

from .tiny import classifier, pictures


def resolved(said: str) -> tuple[str, list[str]]:
    """The precision of a configuration that says `said`, and those that were built."""
    config = load_config("classifier-mnist", [f"train.precision={said}", "train.batch_size=4"])
    assert isinstance(config, ClassifierRunConfig)
    built: list[str] = []

    def build() -> Any:
        built.append(keras.config.dtype_policy().name)
        return classifier()

    found = resolve_precision(config, pictures(), build)
    assert found.train.epochs == config.train.epochs
    return found.train.precision, built


def test_what_is_said_is_taken() -> None:
    assert resolved("mixed_bfloat16") == ("mixed_bfloat16", [])


def test_float32_without_a_step_where_bfloat16_is_emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "computes_in_bfloat16", lambda: False)
    assert resolved("auto") == ("float32", [])


@pytest.mark.parametrize("faster", ["float32", "mixed_bfloat16"])
def test_else_the_faster_one(faster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "computes_in_bfloat16", lambda: True)
    times = {"float32": [2.0, 9.0, 2.0], "mixed_bfloat16": [3.0, 1.0, 3.0]}
    if faster == "mixed_bfloat16":
        times = dict(zip(times, reversed(times.values()), strict=True))
    measured: list[str] = []

    def seconds(candidates: dict[str, Any], **_: int) -> dict[str, list[float]]:
        for steps in candidates.values():
            steps(1)
        measured.extend(candidates)
        return times

    monkeypatch.setattr(precision, "seconds_per_step", seconds)
    assert resolved("auto") == (faster, ["float32", "mixed_bfloat16"])
    assert measured == ["float32", "mixed_bfloat16"]
