"""Tiny runs with every kind of state in them, and how two runs are compared to the bit."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import keras
import pytest
import tensorflow as tf
from safetensors.numpy import load_file
from typer.testing import CliRunner, Result

from convgan.arrays import read_header
from convgan.callbacks.progress import ProgressBar
from convgan.cli import app
from convgan.training.callback import Numbers

TASKS = ("classifier", "dcgan")
STEPS = 93  # of a whole run, of either task
EPOCH_ENDS = (15, 31, 46, 62, 77, 93)
COMMAND = "from convgan.cli import main; main()"
_HERE = Path(__file__).parent


def arguments(task: str, out: Path, *more: str) -> list[str]:
    """The command that starts a run in `out`, or goes on with the one that is there."""
    run = run_in(out)
    config = _HERE / f"{task}.yaml"
    how = ["--resume", str(run)] if run else ["--config", str(config), "--out", str(out)]
    return [f"train-{task}", *how, "--device", "cpu", *more]


def started(task: str, out: Path, *more: str, code: str = COMMAND) -> subprocess.Popen[str]:
    """The command in a process of its own; its output is in `out/log`."""
    out.mkdir(exist_ok=True)
    with (out / "log").open("a") as log:
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments(task, out, *more)],
            stdout=log,
            stderr=log,
            text=True,
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        )


def here(task: str, out: Path, *more: str) -> Result:
    """The command in this process."""
    return CliRunner().invoke(app, arguments(task, out, *more))


def finished(task: str, out: Path, *more: str) -> Path:
    """The folder of a run that this process brought to its end."""
    result = here(task, out, *more)
    assert result.exit_code == 0, result.output
    run = run_in(out)
    assert run
    return run


def stop_at(step: int, number: int, patch: pytest.MonkeyPatch) -> None:
    """Send this process the signal as soon as so many steps are done; a call makes two."""

    def act(_bar: ProgressBar, done: int, _logs: Numbers) -> None:
        if done in {step, step + 1}:
            os.kill(os.getpid(), number)

    patch.setattr(ProgressBar, "on_call_end", act)


def run_in(out: Path) -> Path | None:
    """The folder of the newest run; None if there is none yet."""
    found = sorted(out.glob("*/run.json"))
    return found[-1].parent if found else None


def checkpoints(run: Path) -> list[Path]:
    """The checkpoints, oldest first."""
    return sorted((run / "checkpoints").glob("step-*.safetensors"))


def temporaries(folder: Path) -> list[Path]:
    """What is being written anywhere in the folder."""
    found = (Path(root) / name for root, _, names in os.walk(folder) for name in names)
    return [path for path in found if re.match(r"\.[0-9a-f]{32}", path.name)]


def lines(run: Path) -> list[dict[str, Any]]:
    """The log, whose lines must be whole, in order, and each there once."""
    text = (run / "metrics.jsonl").read_text()
    assert text.endswith("\n")
    records: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    places = [(record["step"], "end_of_epoch" in record) for record in records]
    assert places == sorted(set(places))
    return records


def assert_same(found: Path, expected: Path, *, calls: bool = True) -> None:
    """Two finished runs are the same to the bit, but for times.

    Without `calls`, also for the steps of a call: what stands in the log for each call, and the
    last bits of an epoch's means.
    """
    one, two = _traces(found, calls=calls), _traces(expected, calls=calls)
    assert one.keys() == two.keys(), one.keys() ^ two.keys()
    differing = [name for name, value in two.items() if one[name] != value]
    assert not differing, differing


def _traces(run: Path, *, calls: bool) -> dict[str, Any]:
    """All that must be the same, by name."""
    manifest = json.loads((run / "run.json").read_text())
    assert manifest["status"] == "finished"
    assert temporaries(run) == [] == list(run.rglob("*.damaged"))
    progress = read_header(checkpoints(run)[-1])["progress"]
    records = lines(run)
    told: dict[str, Any] = {
        "newest checkpoint": checkpoints(run)[-1].name,
        "step": (progress["step"], progress["counted"]),
        "best so far": _exact(progress["best"], calls),
        "log": [_exact(record, calls) for record in records if calls or "end_of_epoch" in record],
        **{
            name: manifest.get(name) or [] for name in ("samples", "warnings", "data", "parameters")
        },
        **{name: _exact(manifest.get(name) or {}, calls) for name in ("results", "best")},
    }
    if calls:
        told["log as written"] = (run / "metrics.jsonl").read_bytes()
        told["curves"] = (run / "curves.png").read_bytes()
        told["events"] = _events(run)
    for path in (*run.glob("samples/*"), *run.glob("training.gif")):
        told[path.name] = path.read_bytes()
    if (run / "training.gif").exists():
        assert len(iio.imread(run / "training.gif")) == len(EPOCH_ENDS)
    return told | _arrays(run)


def _exact(numbers: dict[str, Any], calls: bool) -> dict[str, Any]:
    names = {name for name in numbers if calls or name.startswith(("step", "epoch", "val_"))}
    return {name: numbers[name] for name in names}


def _arrays(run: Path) -> dict[str, Any]:
    """The tensors of the newest checkpoint and of the networks, to the bit."""
    found = load_file(checkpoints(run)[-1])
    for path in run.glob("model/*.safetensors"):
        found |= {f"{path.name}/{name}": array for name, array in load_file(path).items()}
    for path in run.glob("model/*.keras"):
        weights = keras.models.load_model(path, compile=False).get_weights()
        found |= {f"{path.name}/{index}": array for index, array in enumerate(weights)}
    return {name: (a.dtype.str, a.shape, a.tobytes()) for name, a in found.items()}


def _events(run: Path) -> list[tuple[int, str, bytes]]:
    """What TensorBoard shows."""
    (path,) = map(str, run.glob("events/*"))
    events = map(tf.compat.v1.Event.FromString, tf.data.TFRecordDataset(path).as_numpy_iterator())
    return sorted(
        (event.step, value.tag, value.tensor.SerializeToString())
        for event in events
        for value in event.summary.value
    )
