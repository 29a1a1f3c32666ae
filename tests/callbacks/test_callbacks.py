"""What a training leaves in a real run folder, read back with what its readers use."""

from __future__ import annotations

import json
import logging
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from tqdm import tqdm

from convgan.callbacks.grids import SampleGrid
from convgan.callbacks.log import Curves, MetricsLog
from convgan.callbacks.networks import SaveNetworks
from convgan.callbacks.progress import ProgressBar
from convgan.callbacks.tensorboard import TensorBoard
from convgan.config import load_config
from convgan.errors import DataError, RunError
from convgan.models.network_file import read_network
from convgan.reporting.images import read_png
from convgan.runs import Run
from convgan.training.callback import Callback, Callbacks
from convgan.training.gan import GAN
from convgan.training.loop import run_training
from convgan.training.state import TrainingState
from tests.training.tiny import (
    classifier,
    classifier_train,
    dcgan,
    gan_specs,
    gan_train,
    pictures,
    runtime,
)

SET = pictures(22)
TRAIN = gan_train(epochs=2, ema_decay=0.5)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path, "tiny", load_config("dcgan-fashion"))


def beside(run: Run, state: TrainingState, task: GAN) -> list[Callback]:
    """What stands beside a GAN's training."""
    return [
        SaveNetworks(run, state, task, gan_specs(generator_norm="batch")),
        SampleGrid(run, state, task, TRAIN.sample_grid),
        ProgressBar(state, TRAIN, 5),
        MetricsLog(run, state, 22 / 8),
        Curves(run),
        TensorBoard(run, state),
    ]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, GAN]:
    """A run of two epochs (5 steps, in calls of 2 and 3) with all callbacks."""
    run = Run.create(tmp_path_factory.mktemp("runs"), "tiny", load_config("dcgan-fashion"))
    task = dcgan(TRAIN)
    state = TrainingState(run.folder / "checkpoints", task, before_save=run.flush)
    run_training(task, SET, TRAIN, runtime(), state=state, callbacks=beside(run, state, task))
    return run, task


def test_metrics_log(trained: tuple[Run, GAN]) -> None:
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


def test_sample_grids(trained: tuple[Run, GAN]) -> None:
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


def test_saved_networks_do_the_same_as_those_in_memory(trained: tuple[Run, GAN]) -> None:
    """Those that convgan reads back to the bit; those in Keras's own layers to rounding."""
    run, task = trained
    assert task.ema is not None
    z = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    inputs = {
        "generator": (task.ema, z),
        "generator_raw": (task.generator, z),
        "discriminator": (task.discriminator, task.ema(z, training=False)),
    }
    files = sorted(path.name for path in (run.folder / "model").iterdir())
    assert files == sorted(f"{name}.{kind}" for name in inputs for kind in ("keras", "safetensors"))
    for name, (network, x) in inputs.items():
        saved = read_network(run.folder / "model" / f"{name}.safetensors").network
        assert np.array_equal(saved(x, training=False), network(x, training=False)), name
        loaded = keras.models.load_model(run.folder / "model" / f"{name}.keras", compile=False)
        found, expected = loaded(x, training=False), network(x, training=False)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6, err_msg=name)
    different = task.ema(z, training=False) - task.generator(z, training=False)
    assert np.abs(different).max() > 1e-4


def test_curves_are_a_picture(trained: tuple[Run, GAN]) -> None:
    assert read_png(trained[0].folder / "curves.png").size > 10_000


def test_tensorboard_events(trained: tuple[Run, GAN]) -> None:
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


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow: writes fail as they do on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_a_full_disk_does_not_take_is_written_later(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """Log and grids wait; networks and plots are made again at the end, of what is then."""
    task = dcgan(TRAIN)
    state = TrainingState(run.folder / "checkpoints", task, before_save=run.flush)
    callbacks = beside(run, state, task)
    logs = dict.fromkeys(task.log_names, 0.5)

    def tell(event: str, *args: Any) -> None:
        for callback in callbacks:
            if not isinstance(callback, TensorBoard | ProgressBar):
                getattr(callback, event)(*args)

    tell("on_train_begin")
    state.progress.step = 2
    with full_disk(), caplog.at_level(logging.WARNING, logger="convgan"):
        for callback in callbacks:
            if isinstance(callback, SampleGrid | MetricsLog):
                callback.on_call_end(2, logs)
                callback.on_epoch_end(0, logs)
            elif not isinstance(callback, TensorBoard | ProgressBar):
                with pytest.raises((RunError, DataError)):  # there is no log to draw
                    callback.on_epoch_end(0, logs)
    grid = task.sample("samples", 4).numpy()
    assert {path.name for path in run.folder.rglob("*") if path.stat().st_size} == {
        *("config.yaml", "run.json", "lock", "model", "samples"),
    }
    assert "it is kept for later" in caplog.text
    task.train_step(tf.constant(SET.images[:8]))
    assert not np.array_equal(task.sample("samples", 4), grid)
    run.flush()  # as before the next checkpoint
    assert [record["step"] for record in run.records()] == [2, 2]
    drawn = read_png(run.folder / "samples/epoch-0001.png")  # that of its epoch
    assert np.array_equal(drawn[2:82:10, 2:82:10], grid[0])
    tell("on_train_end")
    assert (run.folder / "curves.png").is_file()
    found = read_network(run.folder / "model/generator_raw.safetensors").network.get_weights()
    pairs = zip(found, task.generator.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_losses_that_are_not_finite_end_nothing(run: Run) -> None:
    state = TrainingState(run.folder / "checkpoints", classifier())
    nowhere = {"loss": float("nan"), "accuracy": float("inf")}
    state.progress.step = 4
    state.progress.best = {"loss": float("nan")}
    MetricsLog(run, state, 2.0).on_call_end(4, nowhere)
    assert run.records() == [{"step": 4, "epoch": 2.0, "loss": None, "accuracy": None}]
    state.save()
    TrainingState(run.folder / "checkpoints", classifier()).restore_newest()


def test_progress_without_a_terminal(
    run: Run, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line per epoch: numbers, speed since this process began, and the time left."""
    state = TrainingState(run.folder / "checkpoints", classifier())
    state.progress.step, state.progress.seconds = 10, 100.0  # from before a resume
    bar = ProgressBar(state, classifier_train(epochs=3), 30)
    shown: list[str] = []
    with caplog.at_level(logging.INFO, logger="convgan"):
        bar.on_train_begin()
        bar.on_epoch_begin(1)
        state.progress.step, state.progress.seconds = 20, 104.0
        monkeypatch.setattr(tqdm, "set_postfix_str", lambda _bar, text, **_: shown.append(text))
        bar.on_call_end(20, {"loss": 0.25})
        bar.on_epoch_end(1, {"loss": 0.25, "accuracy": 0.5})
        bar.on_train_end()
    # 10 steps of 8 pictures in 4 seconds; 10 steps are left.
    assert caplog.messages == ["epoch 2/3: loss 0.2500, accuracy 0.5000, 20 images/s, 00:04 left"]
    assert shown == ["loss 0.2500, 20 images/s, 00:04 left"]


def test_a_grid_that_is_too_large_to_draw_ends_no_training(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("convgan.reporting.images.MAX_PIXELS", 100)
    task = dcgan(TRAIN)
    state = TrainingState(run.folder / "checkpoints", task)
    beside = Callbacks([SampleGrid(run, state, task, 2)])
    for epoch in range(2):
        beside.tell(Callback.on_epoch_end, epoch, {})
    assert "ask for fewer images" in caplog.text
