"""The networks in `model/`: the last ones, and the best one through resumes and full disks."""

from __future__ import annotations

import logging
import resource
from pathlib import Path

import pytest

from convgan.callbacks.networks import SaveBest, SaveNetworks, Specs
from convgan.config import load_config
from convgan.errors import RunError
from convgan.models.network_file import read_network
from convgan.runs import Run
from convgan.training.classifier import ClassifierTask
from convgan.training.state import TrainingState
from tests.training.tiny import classifier, classifier_spec

MONITOR = "val_calibrated_loss"
SPECS: Specs = {"classifier": classifier_spec()}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path, "tiny", load_config("classifier-mnist"))


class Training:
    """A task, its state and its best network, of which the test says how good it is."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.task: ClassifierTask = classifier()
        self.state = TrainingState(run.folder / "checkpoints", self.task)
        self.best = SaveBest(
            run, self.state, self.task, SPECS,
            file="classifier", entry="results", monitor=MONITOR,
        )  # fmt: skip

    def epoch(self, epoch: int, value: float, *, full: bool = False, save: bool = True) -> None:
        """End an epoch (from 0), whose network has its number as a bias."""
        self.state.progress.step = 10 * epoch
        self.task.network.get_layer("classes").bias.assign([epoch, 0, 0])
        logs = {MONITOR: value, "loss": 1.0}
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        if full:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
        try:
            self.best.on_epoch_end(epoch, logs)
        except RunError:
            assert full
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert int(self.task.network.get_layer("classes").bias[0]) == epoch
        if save:
            self.state.save()

    def resumed(self) -> Training:
        """The same run in a process of its own."""
        self.run.release()
        run = Run.open(self.run.folder)
        run.lock()
        again = Training(run)
        again.state.restore_newest()
        again.best.on_train_begin()
        return again


def kept(run: Run) -> int:
    """The epoch (from 0) whose network is in the file."""
    network = read_network(run.folder / "model/classifier.safetensors").network
    return int(network.get_layer("classes").bias[0])


def test_the_best_epoch_is_kept(run: Run) -> None:
    training = Training(run)
    found = []
    for epoch, value in enumerate([9.0, 7.0, float("nan"), 7.0, 3.0]):
        training.epoch(epoch, value, save=False)
        found.append(kept(run))
    assert found == [0, 1, 1, 1, 4]
    best = {"epoch": 5, "step": 40, MONITOR: 3.0, "loss": 1.0}
    assert run.manifest["results"] == training.state.progress.best == best


def test_an_epoch_that_was_not_measured_is_not_the_best(run: Run) -> None:
    training = Training(run)
    training.best.on_epoch_end(0, {"loss": 1.0})
    training.best.on_epoch_end(1, {"loss": 1.0, MONITOR: float("nan")})
    training.best.on_train_end()
    assert not (run.folder / "model").exists()
    assert "results" not in run.manifest


def test_best_so_far_outlives_a_resume(run: Run) -> None:
    """A worse epoch after it does not take the place of the better one before it."""
    Training(run).epoch(0, 0.2)
    again = Training(run).resumed()
    again.epoch(1, 0.4)
    assert again.state.progress.best["epoch"] == 1
    assert kept(run) == 0


@pytest.mark.parametrize("what", ["lost", "of an epoch that was undone", "killed while it wrote"])
def test_a_resume_makes_the_file_again(
    what: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Training(run)
    training.epoch(0, 0.2)
    training.epoch(1, 0.4)
    path = run.folder / "model/classifier.safetensors"
    if what == "lost":
        path.unlink()
    elif what == "of an epoch that was undone":
        training.epoch(2, 0.1, save=False)
        assert kept(run) == 2
        run.rewind(10)
    else:
        update = Run.update

        def killed(self: Run, **entries: object) -> None:
            if entries.get("results"):
                raise KeyboardInterrupt
            update(self, **entries)

        with monkeypatch.context() as patch:
            patch.setattr(Run, "update", killed)
            with pytest.raises(KeyboardInterrupt):
                training.epoch(2, 0.1, save=False)
        assert kept(run) == 2
    again = training.resumed()
    assert kept(run) == 0
    told = Run.open(run.folder).manifest["results"]  # whose epoch must be a whole number
    assert (told["epoch"], told["step"]) == (1, 0)
    assert int(again.task.network.get_layer("classes").bias[0]) == 1  # the training's own stays


@pytest.mark.parametrize("saved", [True, False])
def test_a_full_disk_loses_no_best_epoch(saved: bool, run: Run) -> None:
    """It is made again from its checkpoint, or from memory if that could not be written either."""
    training = Training(run)
    training.epoch(0, 0.5)
    training.epoch(1, 0.2, full=True, save=saved)
    assert kept(run) == 0
    if saved:
        training = training.resumed()
    training.epoch(2, 0.4)
    assert kept(run) == 1
    assert training.run.manifest["results"]["epoch"] == 2
    training.epoch(3, 0.1, full=True)
    training.best.on_train_end()
    assert kept(run) == 3
    assert (run.folder / "model/classifier.keras").is_file()


def test_a_best_epoch_that_is_nowhere_is_forgotten(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    training = Training(run)
    training.epoch(0, 0.5)
    training.epoch(1, 0.2, full=True, save=False)
    training.state.progress.step = 15
    training.state.save()
    with caplog.at_level(logging.WARNING, logger="convgan"):
        again = training.resumed()
    assert "the best epoch so far is forgotten: " in caplog.text
    assert "step-000000010.safetensors is missing" in caplog.text
    again.epoch(2, 0.4)
    assert kept(run) == 2


def test_the_newest_networks_are_kept(run: Run) -> None:
    training = Training(run)
    saver = SaveNetworks(run, training.state, training.task, SPECS)
    training.state.progress.step = 4
    for epoch in (0, 1):
        saver.on_epoch_end(epoch, {"loss": 0.5 + epoch})
    assert run.manifest["results"] == {"epoch": 2, "step": 4, "loss": 1.5}
    path = run.folder / "model/classifier.safetensors"
    assert path.is_file()
    assert not path.with_suffix(".keras").exists()
    training.state.progress.step = 5  # in the next epoch
    saver.on_train_end()
    assert not path.with_suffix(".keras").exists()
    training.state.progress.step = 4
    saver.on_train_end()
    assert path.with_suffix(".keras").is_file()
