"""The lessons' commands, as they stand in docs/lessons/, on few pictures."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from convgan.config import load_config
from tests.cli.commands import done

ROOT = Path(__file__).parent.parent
LESSONS = sorted((ROOT / "docs/lessons").glob("*.md"))
FEW = ["--set", "data.source=sample", "--set", "data.limit=200", "--set", "data.validation=0.2"]
FEW += ["--epochs", "1"]


def commands(lesson: Path) -> list[list[str]]:
    text = lesson.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = re.findall(r"^ {4}convgan (.+)$", text, flags=re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


def test_there_are_three_lessons_with_commands() -> None:
    assert [lesson.stem for lesson in LESSONS] == [
        "mode-collapse",
        "strides-and-pooling",
        "what-a-discriminator-learns",
    ]
    assert all(len(commands(lesson)) >= 3 for lesson in LESSONS)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_the_configurations_load(lesson: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for command, *rest in commands(lesson):
        if command.startswith("train-"):
            config = rest[rest.index("--config") + 1]
            changes = [value for key, value in pairwise(rest) if key == "--set"]
            assert f"train-{load_config(config, changes).task}" == command


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_the_commands_run(lesson: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for command, *rest in commands(lesson):
        more: list[str] = ["--out", str(tmp_path)]
        if command.startswith("train-"):
            more += FEW
        if command == "eval" and lesson.stem != "strides-and-pooling":  # a GAN
            more += ["--samples", "300"]
        done(command, *rest, *more)
