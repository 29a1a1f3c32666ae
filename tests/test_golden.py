"""The numbers of each preset's first steps, of its layers and of the bundled networks stay."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from .golden import EVALUATORS, evaluator_outputs, presets, step_losses, tables
from .golden.files import plain, read
from .golden.pinned import pinned_process


@pytest.fixture(scope="module")
def pinned() -> Iterator[ProcessPoolExecutor]:
    with pinned_process() as process:
        yield process


@pytest.mark.parametrize("name", ["losses", "layer_tables"])
def test_no_preset_is_left_out(name: str) -> None:
    assert list(read(name)) == presets()


# Their networks, on other pictures or for larger ones, are those of presets that stay.
SAME = {"classifier-fashion", "classifier-fashion-best", "evaluator-fashion", "cgan-mnist"}
SAME |= {"gan-fashion-best", "gan-64", "dcgan-32"}


@pytest.mark.parametrize(
    "preset",
    [pytest.param(name, marks=[pytest.mark.slow] if name in SAME else []) for name in presets()],
)
def test_first_steps(preset: str, pinned: ProcessPoolExecutor) -> None:
    """A difference from the first step on is another step; one that comes later and grows may be
    another order of the same sums."""
    expected, made = read("losses")[preset], pinned.submit(step_losses, preset).result()
    assert len(made) == len(expected)
    for step, (logs, golden) in enumerate(zip(made, expected, strict=True), start=1):
        assert logs == pytest.approx(golden, rel=1e-4, abs=1e-4), f"step {step}"


@pytest.mark.parametrize("preset", presets())
def test_layers(preset: str) -> None:
    assert plain(tables(preset)) == read("layer_tables")[preset]


@pytest.mark.parametrize("name", EVALUATORS)
def test_bundled_networks(name: str) -> None:
    expected, made = read("evaluators")[name], evaluator_outputs(name)
    assert made.keys() == expected.keys()
    for key, golden in expected.items():
        np.testing.assert_allclose(made[key], golden, rtol=1e-4, atol=1e-5, err_msg=key)
