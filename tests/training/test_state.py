"""Checkpoints: what they hold, how many are kept, and what a bad one says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from convgan.errors import RunError
from convgan.training import TrainingState

from .tiny import classifier, dcgan, everything, gan_train, pictures

SET = pictures(8)


def saved(folder: Path) -> Path:
    return TrainingState(folder, classifier(dropout=0.3)).save()


def changed(path: Path, **changes: Any) -> None:
    """Write the checkpoint again, with another header or other arrays."""
    with np.load(path) as archive:
        entries = {name: archive[name] for name in archive.files} | changes
    np.savez(path, allow_pickle=False, **entries)


def state_array(path: Path, name: str) -> np.ndarray:
    with np.load(path) as archive:
        array: np.ndarray = next(archive[each] for each in archive.files if each.endswith(name))
    return array


def header(**changes: Any) -> np.ndarray:
    entries = {"format": 1, "progress": {"step": 0}} | changes
    return np.frombuffer(json.dumps(entries).encode(), np.uint8)


@pytest.mark.parametrize("task", ["classifier", "dcgan"])
def test_all_that_a_training_changes_comes_back(task: str, tmp_path: Path) -> None:
    """Also to objects that are not the first of their process, which Keras numbers on."""

    def new() -> Any:
        return classifier(dropout=0.3) if task == "classifier" else dcgan(gan_train(), dropout=0.3)

    first, second = new(), new()
    for _ in range(2):
        first.train_step((tf.constant(SET.images), tf.constant(SET.labels)))
    state = TrainingState(tmp_path, first)
    state.progress.step, state.progress.seconds = 2, 1.25
    state.progress.best = {"epoch": 1, "val_accuracy": 0.5, "loss": float("inf")}
    state.progress.totals, state.progress.counted = {"loss": 0.1 + 0.2}, 2
    state.save()
    wanted = everything(first)
    assert any(not np.array_equal(a, b) for a, b in zip(wanted, everything(second), strict=True))

    restored = TrainingState(tmp_path, second)
    restored.restore_newest()
    assert restored.progress == state.progress
    for a, b in zip(wanted, everything(second), strict=True):
        assert a.dtype == b.dtype
        assert np.array_equal(a, b)


def test_only_the_newest_are_kept_and_the_newest_is_read(tmp_path: Path) -> None:
    task = classifier()
    state = TrainingState(tmp_path, task, keep=2)
    (tmp_path / "step-notes.npz").write_bytes(b"not a checkpoint")
    for step in (5, 90, 1000, 10**8):
        state.progress.step = step
        task.step.assign(step)
        state.save()
    names = [path.name for path in state.checkpoints()]
    assert names == ["step-000001000.npz", "step-100000000.npz"]
    assert len(list(tmp_path.iterdir())) == 2 + 1  # nothing temporary is left
    again = TrainingState(tmp_path, classifier())
    again.restore_newest()
    assert again.progress.step == 10**8


def test_callbacks_may_be_made_before_the_restoring(tmp_path: Path) -> None:
    state = TrainingState(tmp_path, classifier())
    state.progress.step = 7
    state.save()
    again = TrainingState(tmp_path, classifier())
    held = again.progress
    again.restore_newest()
    assert held.step == 7


def test_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"there is no checkpoint in .*start the run anew"):
        TrainingState(tmp_path / "nowhere", classifier()).restore_newest()


def test_damaged_files(tmp_path: Path) -> None:
    path = saved(tmp_path)
    whole = path.read_bytes()
    state = TrainingState(tmp_path, classifier(dropout=0.3))
    kernel = state_array(path, "classes/kernel").tobytes()
    flipped = bytearray(whole)
    flipped[whole.index(kernel) + 20] ^= 1
    for bad in (b"", b"nonsense", whole[: len(whole) // 2], whole[:-10], bytes(flipped)):
        path.write_bytes(bad)
        with pytest.raises(RunError, match="is damaged") as caught:
            state.restore_newest()
        assert str(path) in str(caught.value)
    path.write_bytes(whole)
    state.restore_newest()


def test_a_pickle_is_not_opened(tmp_path: Path) -> None:
    path = saved(tmp_path)
    with np.load(path) as archive:
        entries = {name: archive[name] for name in archive.files}
    np.savez(path, allow_pickle=True, **(entries | {"header": np.array([{"format": 1}])}))
    with pytest.raises(RunError, match="is damaged: Object arrays cannot be loaded"):
        TrainingState(tmp_path, classifier(dropout=0.3)).restore_newest()


def test_another_format(tmp_path: Path) -> None:
    changed(saved(tmp_path), header=header(format=99))
    with pytest.raises(RunError, match="has format 99, expected 1"):
        TrainingState(tmp_path, classifier(dropout=0.3)).restore_newest()


def test_another_configuration(tmp_path: Path) -> None:
    path = saved(tmp_path)
    for other in (classifier(dropout=0.3, norm="none"), dcgan(gan_train())):
        before = everything(other)
        with pytest.raises(RunError, match="does not hold this configuration's variables") as got:
            TrainingState(tmp_path, other).restore_newest()
        assert str(path) in str(got.value)
        assert all(np.array_equal(a, b) for a, b in zip(before, everything(other), strict=True))


def test_an_array_of_another_shape_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path)
    with np.load(path) as archive:
        kernel = next(name for name in archive.files if name.endswith("classes/kernel"))
    changed(path, **{kernel: np.zeros((2, 2), np.float32)})
    with pytest.raises(RunError, match=r"classes/kernel.*\(2, 2\)"):
        TrainingState(tmp_path, classifier(dropout=0.3)).restore_newest()
