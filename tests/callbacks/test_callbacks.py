"""What a training leaves in a real run folder, read back with what its readers use."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from convgan.callbacks.writing import (
    Curves,
    MetricsLog,
    SampleGrid,
    SaveBest,
    SaveModels,
    save_network,
)

from convgan.callbacks.progress import ProgressBar
from convgan.callbacks.tensorboard import TensorBoard
from convgan.config import load_config
from convgan.reporting.images import read_png
from convgan.runs import Run
from convgan.training import TrainingState, run_training
from tests.training.tiny import classifier, classifier_train, dcgan, gan_train, pictures

SET = pictures(22)
TRAIN = gan_train(epochs=2, ema_decay=0.5)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path, "tiny", load_config("dcgan-fashion"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Any]:
    """A run of two epochs (5 steps, in calls of 2 and 3) with all callbacks."""
    run = Run.create(tmp_path_factory.mktemp("runs"), "tiny", load_config("dcgan-fashion"))
    task = dcgan(TRAIN)
    state = TrainingState(run.folder / "checkpoints", task)
    callbacks = [
        SaveModels(run, state),
        SampleGrid(run, state, TRAIN.sample_grid),
        ProgressBar(state, TRAIN, 5),
        MetricsLog(run, state, 22 / 8),
        Curves(run),
        TensorBoard(run, state),
    ]
    run_training(task, SET, TRAIN, state=state, callbacks=callbacks)
    return run, task


def test_metrics_log(trained: tuple[Run, Any]) -> None:
    run, task = trained
    lines = (run.folder / "metrics.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert records == run.records()
    places = [(r["step"], r["epoch"], r.get("end_of_epoch", False)) for r in records]
    assert places == [(2, 0.7273, False), (2, 1, True), (5, 1.8182, False), (5, 2, True)]
    names = set(task.log_names)
    for record in records:
        extra = {"end_of_epoch"} if "end_of_epoch" in record else set()
        assert set(record) == {"step", "epoch"} | names | extra
    for name in names:
        assert records[0][name] == pytest.approx(records[1][name], rel=1e-6)
    first, last = Run.open(run.folder).manifest["times"]
    assert (first["epoch"], first["step"], last["epoch"], last["step"]) == (1, 2, 2, 5)
    assert 0 < first["seconds"] <= last["seconds"]


def test_sample_grids(trained: tuple[Run, Any]) -> None:
    run, task = trained
    frames = Run.open(run.folder).manifest["samples"]
    assert frames == [
        {"epoch": 1, "step": 2, "file": "samples/epoch-0001.png"},
        {"epoch": 2, "step": 5, "file": "samples/epoch-0002.png"},
    ]
    first, last = (read_png(run.file(frame["file"])) for frame in frames)
    assert first.shape == last.shape
    assert not np.array_equal(first, last)
    scale, gap = 10, 2  # 8 pixels become about three times 28
    assert last.shape == (2 * 8 * scale + 3 * gap, 2 * 8 * scale + 3 * gap, 1)
    cells = [
        last[top : top + 80 : scale, left : left + 80 : scale]
        for top in (gap, 80 + 2 * gap)
        for left in (gap, 80 + 2 * gap)
    ]
    # The same latent vectors each time, so the last grid is what the task makes now.
    assert np.array_equal(np.stack(cells), task.sample("samples", 4))


def test_saved_models_do_the_same_as_those_in_memory(trained: tuple[Run, Any]) -> None:
    run, task = trained
    z = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    inputs = {
        "generator": (task.average, z),
        "generator_raw": (task.generator, z),
        "discriminator": (task.discriminator, task.average(z, training=False)),
    }
    files = sorted(path.stem for path in (run.folder / "model").iterdir())
    assert files == sorted(inputs)
    for name, (network, x) in inputs.items():
        loaded = keras.models.load_model(run.folder / "model" / f"{name}.keras", compile=False)
        assert np.array_equal(loaded(x, training=False), network(x, training=False)), name
    different = task.average(z, training=False) - task.generator(z, training=False)
    assert np.abs(different).max() > 1e-4


def test_curves_are_a_picture(trained: tuple[Run, Any]) -> None:
    assert read_png(trained[0].folder / "curves.png").size > 10_000


def test_tensorboard_events(trained: tuple[Run, Any]) -> None:
    from tensorflow.core.util import event_pb2

    run, task = trained
    files = list((run.folder / "events").iterdir())
    assert len(files) == 1
    found: dict[tuple[str, int], Any] = {}
    for record in tf.data.TFRecordDataset(str(files[0])):
        event = event_pb2.Event.FromString(record.numpy())
        for value in event.summary.value:
            plugin = value.metadata.plugin_data.plugin_name
            found[value.tag, event.step] = plugin, tf.make_ndarray(value.tensor)
    groups = [("train", 2), ("epoch", 2), ("train", 5), ("epoch", 5)]
    expected = {(f"{group}/{name}", step) for group, step in groups for name in task.log_names}
    assert set(found) == expected | {("samples", 2), ("samples", 5)}
    record = run.records()[2]
    for name in task.log_names:
        plugin, value = found[f"train/{name}", 5]
        assert plugin == "scalars"
        assert float(value) == pytest.approx(record[name], rel=1e-6)
    plugin, (width, height, png) = found["samples", 5]
    assert plugin == "images"
    assert (int(width), int(height)) == (166, 166)
    assert png == (run.folder / "samples" / "epoch-0002.png").read_bytes()


def best_classifier(run: Run, state: TrainingState, monitor: str = "val_accuracy") -> SaveBest:
    return SaveBest(run, state, monitor, network="classifier", file="best", entry="results")


def kept_epochs(run: Run, monitor: str, values: list[float]) -> list[int]:
    """The epoch (from 0) whose network lies in the file after each epoch."""
    task = classifier()
    state = TrainingState(run.folder / "checkpoints", task)
    saver = best_classifier(run, state, monitor)
    saver.set_model(task)
    kept = []
    for epoch, value in enumerate(values):
        state.progress.step = 10 * epoch
        task.network.get_layer("classes").bias.assign([epoch, 0, 0])
        saver.on_epoch_end(epoch, {monitor: value, "loss": 1.0})
        loaded = keras.models.load_model(run.folder / "model" / "best.keras", compile=False)
        kept.append(int(loaded.get_layer("classes").bias[0]))
    assert run.manifest["results"] == state.progress.best
    return kept


def test_the_most_accurate_epoch_is_kept(run: Run) -> None:
    assert kept_epochs(run, "val_accuracy", [0.5, 0.7, 0.7, 0.6, 0.9]) == [0, 1, 1, 1, 4]
    best = {"epoch": 5, "step": 40, "val_accuracy": 0.9, "loss": 1.0}
    assert run.manifest["results"] == best


def test_the_epoch_of_the_least_distance_is_kept(run: Run) -> None:
    nan = float("nan")
    assert kept_epochs(run, "val_frechet", [9.0, 7.0, nan, 7.0, 8.0, 3.0]) == [0, 1, 1, 1, 1, 5]


def test_an_epoch_that_was_not_measured_is_not_the_best(run: Run) -> None:
    task = classifier()
    saver = best_classifier(run, TrainingState(run.folder / "checkpoints", task), "val_frechet")
    saver.set_model(task)
    saver.on_epoch_end(0, {"loss": 1.0})
    saver.on_epoch_end(1, {"loss": 1.0, "val_frechet": float("nan")})
    assert not (run.folder / "model").exists()
    assert "results" not in run.manifest


def test_best_so_far_outlives_a_resume(run: Run) -> None:
    """A worse epoch after a resume does not take the place of the better one before it."""
    first = TrainingState(run.folder / "checkpoints", classifier())
    first.progress.best = {"epoch": 1, "val_accuracy": 0.8}
    first.save()
    task = classifier()
    state = TrainingState(run.folder / "checkpoints", task)
    saver = best_classifier(run, state)
    saver.set_model(task)
    state.restore_newest()
    saver.on_epoch_end(1, {"val_accuracy": 0.6})
    assert state.progress.best == {"epoch": 1, "val_accuracy": 0.8}
    assert not (run.folder / "model").exists()


def test_the_newest_models_are_kept(run: Run) -> None:
    task = classifier()
    saver = SaveModels(run, TrainingState(run.folder / "checkpoints", task))
    saver.set_model(task)
    for epoch in (0, 1):
        saver.on_epoch_end(epoch, {"loss": 0.5 + epoch})
    assert run.manifest["results"] == {"epoch": 2, "step": 0, "loss": 1.5}
    assert (run.folder / "model" / "classifier.keras").is_file()


def test_losses_that_are_not_finite_end_nothing(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    state = TrainingState(run.folder / "checkpoints", classifier())
    nowhere = {"loss": float("nan"), "accuracy": float("inf")}
    state.progress.step = 4
    state.progress.best = {"loss": float("nan")}
    MetricsLog(run, state, 2.0).on_train_batch_end(4, nowhere)
    assert run.records() == [{"step": 4, "epoch": 2.0, "loss": None, "accuracy": None}]
    with caplog.at_level(logging.WARNING, logger="convgan"):
        Curves(run).on_epoch_end(1, nowhere)
    assert "no finite number" in caplog.text
    state.save()
    TrainingState(run.folder / "checkpoints", classifier()).restore_newest()


def test_progress_without_a_terminal(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """A line an epoch: numbers, speed since this process began, and the time left."""
    state = TrainingState(run.folder / "checkpoints", classifier())
    state.progress.step, state.progress.seconds = 10, 100.0  # from before a resume
    bar = ProgressBar(state, classifier_train(epochs=3), 30)
    with caplog.at_level(logging.INFO, logger="convgan"):
        bar.on_train_begin()
        bar.on_epoch_begin(1)
        state.progress.step, state.progress.seconds = 20, 104.0
        bar.on_train_batch_end(20, {"loss": 0.25})
        bar.on_epoch_end(1, {"loss": 0.25, "accuracy": 0.5})
        bar.on_train_end()
    # 10 steps of 8 pictures in 4 seconds; 10 steps are left.
    assert caplog.messages == ["epoch 2/3: loss 0.2500, accuracy 0.5000, 20 images/s, 00:04 left"]


def test_a_network_that_waited_for_the_disk_is_that_of_its_epoch(run: Run) -> None:
    task = dcgan(TRAIN)
    first = task.generator.get_weights()
    folder = run.folder / "model"
    folder.write_bytes(b"")  # a file in the way of the folder
    save_network(run, "generator", task.generator)
    task.train_step((tf.constant(SET.images[:8]), None))
    later = task.generator.get_weights()
    folder.unlink()
    run.flush()
    found = keras.models.load_model(folder / "generator.keras", compile=False).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(found, first, strict=True))
    assert all(
        np.array_equal(a, b) for a, b in zip(task.generator.get_weights(), later, strict=True)
    )
    assert any(not np.array_equal(a, b) for a, b in zip(first, later, strict=True))
