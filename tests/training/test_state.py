"""Checkpoints: what they hold, how many are kept, and what a bad one says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from convgan.errors import DataError, RunError, UsageError
from convgan.training.state import TrainingState
from convgan.training.task import Task
from tests.test_contracts import SMALLEST

from .tiny import classifier, dcgan, differing, everything, gan_train, pictures

SET = pictures(8)
BATCH = (tf.constant(SET.images), tf.constant(SET.labels))


NETWORKS: dict[str, dict[str, Any]] = {
    "dropout": {"dropout": 0.3},
    **{f"generator {name}": {"generator": name} for name in SMALLEST["generator"]},
    **{f"discriminator {name}": {"name": name} for name in SMALLEST["discriminator"]},
}


@pytest.mark.parametrize("case", ["classifier", "adaptive augmentation", *NETWORKS])
def test_all_that_a_training_changes_comes_back(case: str, tmp_path: Path) -> None:
    """Also to objects that are not the first of their process, which Keras numbers on."""

    def new() -> Task:
        if case == "classifier":
            return classifier(dropout=0.3)
        if case == "adaptive augmentation":
            return dcgan(gan_train(augment={}))
        return dcgan(gan_train(), **NETWORKS[case])

    first, second = new(), new()
    for _ in range(2):
        first.train_step(*BATCH)
    state = TrainingState(tmp_path, first)
    state.progress.step, state.progress.seconds = 2, 1.25
    state.progress.best = {"epoch": 1, "val_accuracy": 0.5, "loss": float("inf")}
    state.progress.totals, state.progress.counted = {"loss": 0.1 + 0.2}, 2
    state.save()
    wanted = everything(first)
    assert differing(everything(second), wanted)

    restored = TrainingState(tmp_path, second)
    restored.restore_newest()
    assert restored.progress == state.progress
    found = everything(second)
    assert [a.dtype for a in found] == [b.dtype for b in wanted]
    assert not differing(found, wanted)


def test_only_the_newest_are_kept_and_the_newest_is_read(tmp_path: Path) -> None:
    task = classifier()
    state = TrainingState(tmp_path, task, keep=2)
    (tmp_path / "step-notes.safetensors").write_bytes(b"not a checkpoint")
    for step in (5, 90, 1000, 10**8):
        state.progress.step = step
        task.step.assign(step)
        state.save()
    names = [path.name for path in state.checkpoints()]
    assert names == ["step-000001000.safetensors", "step-100000000.safetensors"]
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


def test_the_best_epochs_checkpoint_stays(tmp_path: Path) -> None:
    state = TrainingState(tmp_path, classifier(), keep=1)
    for step, best in ((3, 3), (5, 3), (9, 3), (12, 12), (15, 12)):
        state.progress.step = step
        state.progress.best = {"step": best, "epoch": 1}
        state.save()
        expected = sorted({best, step})
        assert [path.name for path in state.checkpoints()] == [
            f"step-{each:09d}.safetensors" for each in expected
        ]


def test_nothing_is_saved_when_what_belongs_to_it_cannot_be(tmp_path: Path) -> None:
    def full() -> None:
        raise RunError("the log cannot be written")

    state = TrainingState(tmp_path, classifier(), before_save=full)
    with pytest.raises(RunError, match="the log"):
        state.save()
    assert state.checkpoints() == []


def test_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"there is no whole checkpoint in .*start the run anew"):
        TrainingState(tmp_path / "nowhere", classifier()).restore_newest()


def test_a_damaged_one_is_set_aside_and_the_one_before_is_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    task = classifier()
    state = TrainingState(tmp_path, task)
    for step in (4, 8):
        task.step.assign(step)
        state.progress.step = step
        newest = state.save()
    newest.write_bytes(newest.read_bytes()[:-100])
    with caplog.at_level("WARNING", logger="convgan"):
        again = TrainingState(tmp_path, classifier())
        again.restore_newest()
    assert again.progress.step == 4
    assert "step-000000008.safetensors is damaged" in caplog.text
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "step-000000004.safetensors",
        "step-000000008.damaged",
    ]
    again.checkpoints()[0].write_bytes(b"")
    for _ in range(2):  # where none is whole all stay, and the second try ends the same
        with pytest.raises(
            RunError, match=r"no whole checkpoint(.|\n)*000004.safetensors is damaged"
        ):
            again.restore_newest()
    assert len(again.checkpoints()) == 1


def test_one_that_cannot_be_read_now_is_not_a_damaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = TrainingState(tmp_path, classifier())
    for step in (4, 8):
        state.progress.step = step
        newest = state.save()
    newest.rename(tmp_path / "elsewhere")
    newest.mkdir()  # a file that gives an error when it is read, for root too
    with pytest.raises(RunError, match=r"cannot be read: .*Is a directory"):
        state.restore_newest()
    assert [path.name for path in state.checkpoints()] == [
        "step-000000004.safetensors",
        newest.name,
    ]


def test_one_of_another_training_is_refused_and_not_set_aside(tmp_path: Path) -> None:
    def refuse(path: Path, header: dict[str, Any]) -> None:
        raise UsageError(f"{path.name} is of {header['name']}")

    TrainingState(tmp_path, classifier(), about={"name": "Ann"}).save()
    state = TrainingState(tmp_path, classifier(), check=refuse)
    with pytest.raises(UsageError, match=r"step-000000000.safetensors is of Ann"):
        state.restore_newest()
    assert len(state.checkpoints()) == 1


def test_as_of_an_earlier_step_for_a_while(tmp_path: Path) -> None:
    task = classifier(dropout=0.3)
    state = TrainingState(tmp_path, task)
    state.save()
    first = everything(task)
    task.train_step(*BATCH)
    state.progress.step = 1
    now = everything(task)
    with state.as_of(0):
        assert state.progress.step == 0
        assert not differing(everything(task), first)
    assert state.progress.step == 1
    assert not differing(everything(task), now)


def test_a_snapshot_is_not_changed_by_later_steps(tmp_path: Path) -> None:
    task = classifier(dropout=0.3)
    state = TrainingState(tmp_path, task)
    before, snapshot = everything(task), state.snapshot()
    tf.function(lambda: task.train_step(*BATCH))()
    state.put_back(snapshot)
    assert not differing(everything(task), before)


def test_another_configuration(tmp_path: Path) -> None:
    saved = TrainingState(tmp_path, classifier(dropout=0.3)).save()
    for other in (classifier(dropout=0.3, norm="none"), dcgan(gan_train())):
        before = everything(other)
        with pytest.raises(DataError, match="does not hold what this configuration needs") as got:
            TrainingState(tmp_path, other).restore_newest()
        assert str(saved) in str(got.value)
        assert not differing(everything(other), before)
