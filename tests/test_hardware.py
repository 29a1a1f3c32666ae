"""The precision that a device is fast in."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from convgan import hardware


@pytest.mark.parametrize(
    ("flags", "precision"),
    [
        ({"avx2", "fma"}, "float32"),
        ({"avx2", "avx512_bf16"}, "mixed_bfloat16"),
        ({"amx_bf16"}, "mixed_bfloat16"),
        (set(), "float32"),
    ],
)
def test_bfloat16_where_the_processor_has_it(
    flags: set[str], precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other processors than the one that the test runs on, by what Linux would say of them."""
    monkeypatch.setattr(hardware, "_processor_flags", lambda: flags)
    before = keras.config.dtype_policy()
    try:
        assert hardware.set_precision_and_seed("auto", 3) == precision
        assert keras.config.dtype_policy().name == precision
        assert hardware.set_precision_and_seed("float32", 3) == "float32"
    finally:
        keras.config.set_dtype_policy(before)


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="not Linux")
def test_what_linux_says_of_this_processor() -> None:
    flags = hardware._processor_flags()
    assert not any(" " in flag or ":" in flag for flag in flags)
