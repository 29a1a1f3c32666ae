"""What the machine can."""

from __future__ import annotations

from pathlib import Path

import pytest

from convgan import hardware


@pytest.mark.parametrize(
    ("flags", "computes"),
    [
        ({"avx2", "fma"}, False),
        ({"avx2", "avx512_bf16"}, True),
        ({"amx_bf16"}, True),
        (set(), False),
    ],
)
def test_bfloat16_where_the_processor_has_it(
    flags: set[str], computes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other processors than the one that the test runs on, by what Linux would say of them."""
    monkeypatch.setattr(hardware, "_processor_flags", lambda: flags)
    assert hardware.computes_in_bfloat16() == computes


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="not Linux")
def test_what_linux_says_of_this_processor() -> None:
    flags = hardware._processor_flags()
    assert not any(" " in flag or ":" in flag for flag in flags)
