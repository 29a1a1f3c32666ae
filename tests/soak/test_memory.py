"""A long run takes no more memory at its end than when it was young."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from .runs import COMMAND, TASKS, started

logger = logging.getLogger(__name__)

# After each epoch what the process takes now, and took at the most, in kB.
DRIVER = f"""
import re, sys
from pathlib import Path
from convgan.callbacks.progress import ProgressBar

def note(bar, epoch, logs):
    status = Path("/proc/self/status").read_text()
    print("memory", *re.findall(r"(?:VmRSS|VmHWM):\\s+(\\d+)", status))

ProgressBar.on_epoch_end = note
{COMMAND}
"""


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_peak_memory_grows_by_less_than_five_percent(task: str, tmp_path: Path) -> None:
    """From the fifth epoch to the fiftieth, while all is written that a run writes."""
    assert started(task, tmp_path, "--epochs=50", code=DRIVER).wait() == 0
    lines = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    peak, now = zip(*(map(int, line[1:]) for line in lines if line[:1] == ["memory"]), strict=True)
    assert len(now) == 50
    for name, values in (("now", now), ("peak", peak)):
        logger.info(
            "%s: %s after epoch 5 %.1f MiB, after epoch 50 %.1f MiB, %+.2f %%",
            task, name, values[4] / 1024, values[49] / 1024, 100 * (values[49] / values[4] - 1),
        )  # fmt: skip
    assert peak[49] < 1.05 * peak[4]
