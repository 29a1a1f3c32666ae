"""What the command line says: help, mistakes, and nothing that nobody asked for."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from convgan.cli import app

from .commands import convgan, done, process, refused

PICTURE = str(Path(__file__).parents[2] / "docs" / "images" / "dcgan-fashion.png")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["train-dcgan", "-c", "dcgan-fashon"], "did you mean 'dcgan-fashion'?"),
        (["train-dcgan", "-c", "nowhere.yaml"], "no configuration file at nowhere.yaml"),
        (["train-dcgan", "-c", "classifier-mnist"], "is for convgan train-classifier"),
        (["train-dcgan", "--set", "train.epoch=3"], "did you mean 'epochs'"),
        (["train-dcgan", "--epochs", "0"], "greater than or equal to 1"),
        (["train-dcgan", "mine.yaml"], "--config mine.yaml"),
        (
            ["train-dcgan", "--set=data.source=sample", "--set=generator.output.stride=3"],
            "expected the data's 28×28",
        ),
        (["train-dcgan", "--set=data.source=sample", "--device", "gpu:7"], "--device gpu:7"),
        (["train-dcgan", "--set=data.source=sample", "--device", "tpu"], "expected auto, cpu"),
        (["train-classifier", "--set=data.folder=nowhere"], "nowhere"),
        (["eval", "--out", "nowhere"], "there is no run in nowhere"),
        (["make-gif", "nothing", "--out", "nowhere"], "no dcgan run 'nothing'"),
        (["inspect", "dcgan-fashon"], "did you mean 'dcgan-fashion'?"),
        (["inspect", "fashon-mnist"], "did you mean 'fashion-mnist'?"),
        (["inspect", "nowhere/"], "expected one of"),
        (["inspect", "dcgan-fashion.png"], "no preset, data set, file or folder 'dcgan-fashion.p"),
        (["inspect", PICTURE], "is no text in UTF-8; a configuration is"),
        (["train-dcgan", "--config", PICTURE], "is no text in UTF-8; a configuration is"),
        (["inspect", "folder"], "needs data.folder"),
        (["bench", "dcgan-fashon"], "did you mean"),
        (
            [
                "train-classifier",
                "--config=classifier-mnist-article",
                "--set=data.source=sample",
                "--set=model.blocks.0.stride=8",
            ],
            "model.blocks.1: max pool",
        ),
    ],
)
def test_a_mistake_ends_with_code_2_and_a_hint(args: list[str], said: str) -> None:
    assert said in refused(2, *args)


def test_debug_lets_the_error_through() -> None:
    result = convgan("train-dcgan", "-c", "nowhere.yaml", "--debug")
    assert result.exception is not None
    assert not isinstance(result.exception, SystemExit)


EACH_HELP = """
import sys
from convgan.cli import app
for command in ("", *sys.argv[1:]):
    try:
        app([*command.split(), "--help"], prog_name="convgan")
    except SystemExit:
        print("\\f", end="")
assert not {"tensorflow", "keras", "numpy"} & set(sys.modules)
"""


def test_help_imports_no_tensorflow_and_shows_examples_and_whole_sentences() -> None:
    commands = {}
    for each in app.registered_commands:
        assert each.callback is not None
        commands[each.name or each.callback.__name__.replace("_", "-")] = each.callback
    text, *helps, _ = process(*commands, code=EACH_HELP).split("\f")
    assert text.startswith("Usage: convgan [OPTIONS]")
    assert "convgan train" in text
    assert "..." not in text.partition("Commands:")[2]
    assert max(map(len, text.splitlines())) <= 80
    for (name, callback), its_help in zip(commands.items(), helps, strict=True):
        sentence = (inspect.getdoc(callback) or "").partition("\n")[0]
        assert f"  {sentence}\n" in text
        assert f" {name} " in its_help.partition("\n")[0]
        assert name == "bench" or f"Example: convgan {name}" in its_help


@pytest.mark.parametrize("columns", [40, 60])
def test_a_narrow_help_wraps_the_sentences(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    text = process("--help")
    words = " ".join(text.partition("Commands:")[2].split())
    for command in app.registered_commands:
        assert command.callback is not None
        assert (inspect.getdoc(command.callback) or "").partition("\n")[0] in words


@pytest.mark.skipif(sys.platform == "win32", reason="Unix ends a command so")
@pytest.mark.parametrize("args", [["--help"], ["inspect", "dcgan-fashion"]])
def test_a_pipe_that_is_closed_early_ends_it_silently(args: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "convgan", *args],
            check=False,
            stdout=write,
            stderr=subprocess.PIPE,
        )
    finally:
        os.close(write)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_the_version_is_told() -> None:
    assert done("--version").startswith("convgan 0.")


ONE_AFTER_THE_OTHER = """
import json, sys
from convgan import hardware
from convgan.cli import app

def started_first(**options):
    assert "tensorflow" not in sys.modules
    started.append(options)
    raise SystemExit(0)

def call(command):
    try:
        app(command)
    except SystemExit as ended:
        assert not ended.code, command

commands, start, started = json.loads(sys.argv[1]), hardware.start_tensorflow, []
hardware.start_tensorflow = started_first
for command in (["train-classifier"], ["train-dcgan"], *commands):
    call(command)
assert "tensorflow" not in sys.modules
assert len(started) == 5  # to look at data needs none

hardware.start_tensorflow = start
from convgan.training import timing
measure = timing.seconds_per_step
timing.seconds_per_step = lambda steps, **_: measure(steps, rounds=1, seconds=0.01)
for command in commands:
    call(command)
"""


def test_tensorflow_starts_and_works_without_noise(out: Path) -> None:
    """No command imports it before it is told to be quiet; then one after the other works."""
    sample = "--set=data.source=sample"
    commands = [
        ["inspect", "mnist", sample, "--out", str(out)],
        ["inspect", "classifier-mnist", sample],
        ["inspect", "dcgan-fashion", sample, "--pictures", "--out", str(out)],
        ["bench", "classifier-mnist-article", "--set=train.batch_size=8", "--json"],
        ["eval", "classifier-fashion-0001", "--out", str(out)],
    ]
    assert process(json.dumps(commands), code=ONE_AFTER_THE_OTHER)
