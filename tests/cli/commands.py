"""The commands through Typer's runner, and configurations that train in a second."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner, Result

from convgan.cli import app

TINY_CLASSIFIER = [
    "--set=data.source=sample",
    "--set=data.limit=200",
    "--set=train.batch_size=20",
    "--set=model.blocks.0.filters=4",
    "--set=model.blocks.1.filters=4",
    "--set=model.flatten=average",
    "--epochs=2",
]
TINY_DCGAN = [
    "--set=data.source=sample",
    "--set=data.limit=64",
    "--set=data.validation=0",
    "--set=train.evaluate_every=0",
    "--set=train.batch_size=16",
    "--set=generator.projection.filters=4",
    "--set=generator.blocks.0.filters=4",
    "--set=discriminator.blocks.0.filters=4",
    "--set=discriminator.blocks.1.filters=4",
    "--set=train.schedule=constant",  # a falling rate depends on the number of epochs
    "--epochs=2",
]
FEW = "--samples=300"


def convgan(*args: str | Path, color: bool = False) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args], color=color)


def done(*args: str | Path) -> str:
    result = convgan(*args)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(code: int, *args: str | Path) -> str:
    result = convgan(*args)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.stderr


def process(*args: str | Path, code: str = "from convgan.cli import main; main()") -> str:
    """The output of a process of its own, which says nothing on standard error."""
    noisy = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    ended = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        env=noisy | {"COLUMNS": "80"},
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return ended.stdout
