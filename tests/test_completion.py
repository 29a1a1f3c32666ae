"""What the shell proposes: through Typer's protocol in processes of their own, and in bash."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from convgan.config import load_config, presets
from convgan.runs import Run

LIGHT = (
    "import sys; from convgan.cli import main\n"
    "try: main()\n"
    "finally: assert not {'tensorflow', 'keras', 'matplotlib', 'scipy'} & set(sys.modules)"
)


def proposals(line: str, shell: str = "bash") -> list[str]:
    """What is proposed for the last word of a command line, in which no word is quoted."""
    words = line.split(" ")
    done = subprocess.run(
        [sys.executable, "-c", LIGHT],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ
        | {
            "_CONVGAN_COMPLETE": f"complete_{shell}",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
            "_TYPER_COMPLETE_ARGS": line,
        },
    )
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1] if done.stdout.strip() else []


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outputs")
    for name in ("dcgan-mnist", "classifier-mnist"):
        Run.create(folder, name, load_config(name, ["seed=7"])).release()
    return folder


@pytest.mark.parametrize("command", ["inspect", "bench"])
def test_presets_are_proposed(command: str) -> None:
    assert proposals(f"convgan {command} ") == list(presets())


def test_the_presets_of_the_task_are_proposed() -> None:
    dcgans = [name for name in presets() if load_config(name).task == "dcgan"]
    assert proposals("convgan train-dcgan --config ") == dcgans
    assert proposals("convgan train-classifier -c classifier-m") == [
        name for name in presets() if name.startswith("classifier-m")
    ]


def test_runs_are_proposed(out: Path) -> None:
    assert proposals(f"convgan eval --out {out} ") == ["dcgan-mnist-0001", "classifier-mnist-0001"]
    assert proposals(f"convgan eval --out {out} --evaluator ") == ["classifier-mnist-0001"]
    assert proposals(f"convgan make-gif --out {out} ") == ["dcgan-mnist-0001"]
    assert proposals(f"convgan train-dcgan --out {out} --resume dc") == ["dcgan-mnist-0001"]
    (help_text,) = proposals(f"convgan make-gif --out {out} ", "zsh")
    assert '"dcgan-mnist-0001":"dcgan, running"' in help_text


def test_keys_are_proposed_that_set_takes(out: Path) -> None:
    assert proposals("convgan train-dcgan --set train.epo") == ["train.epochs="]
    assert "generator.blocks.0.filters=" in proposals("convgan inspect --set gen")
    assert not proposals("convgan inspect classifier-mnist --set gen")
    assert proposals("convgan bench classifier-mnist --set model.flat") == ["model.flatten="]
    (now,) = proposals("convgan train-dcgan --config dcgan-mnist --set train.epo", "zsh")
    assert f'"now {load_config("dcgan-mnist").train.epochs}"' in now
    (now,) = proposals(f"convgan train-dcgan --out {out} --resume dcgan-mnist --set see", "zsh")
    assert '"seed=":"now 7"' in now


def test_values_that_look_like_markup_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    text = presets()["dcgan-mnist"].read_text(encoding="utf-8")
    path.write_text(text.replace("data: {", "data: {folder: '/x/[/y]', "), encoding="utf-8")
    (now,) = proposals(f"convgan inspect {path} --set data.fold", "zsh")
    assert '"now /x/[/y]"' in now


@pytest.mark.parametrize(
    "line",
    [
        "convgan train-dcgan --config nowhere.yaml --set tr",
        "convgan train-dcgan --resume nothing --set tr",
        "convgan train-dcgan --out /dev/null --resume ",
        "convgan eval --out nowhere ",
    ],
)
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_mistake_proposes_nothing(line: str, shell: str) -> None:
    said = proposals(line, shell)
    assert said in ([], ["_files"])


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_itself_proposes(out: Path, tmp_path: Path) -> None:
    """The script that --install-completion installs, in the shell that reads it."""
    command = tmp_path / "convgan"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m convgan "$@"\n')
    command.chmod(0o755)
    script = f"""
        eval "$(_CONVGAN_COMPLETE=source_bash {command})"
        complete -p convgan
        COMP_WORDS=(convgan make-gif --out {out} d) COMP_CWORD=4
        _convgan_completion {command}
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[1:] == ["dcgan-mnist-0001"]
    assert done.stderr == ""
