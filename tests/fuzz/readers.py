"""The readers of what comes from outside, each with small valid files and its format's editors.

A new reader is one entry of `READERS`. It must end in a result, an error of convgan's own or a
ValueError, within 5 seconds and 200 MB.
"""

from __future__ import annotations

import gzip
import io
import itertools
import json
import os
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from PIL import Image, ImageDraw
from scipy.io import savemat

from convgan.arrays import form_of, read_arrays, write_arrays
from convgan.config import DataConfig, load_config
from convgan.data import load_dataset, read_idx, read_npz
from convgan.data.cifar import read_batches
from convgan.data.preparation import prepare
from convgan.data.svhn import Svhn
from convgan.generation.latents import Latents, read_latents, write_latents
from convgan.registry import DATASETS
from convgan.runs import Run, all_runs
from convgan.runs.log import MetricsFile
from tests.data.making import (
    cifar_archive,
    colour_arrays,
    idx_bytes,
    some_arrays,
    svhn_file,
    write_npz,
)

from .formats import (
    Editor,
    edit_gzip,
    edit_json,
    edit_mat,
    edit_members,
    edit_png,
    edit_safetensors,
    edit_tar_gz,
    edit_text,
    edit_zip,
)


class Reader(NamedTuple):
    """One reader."""

    corpus: Callable[[Path], list[bytes]]
    """Makes valid inputs, by way of files in this folder."""
    read: Callable[[bytes, Path], Any]
    """Reads an input, as a file in this folder, which is the reader's own."""
    editors: tuple[Editor, ...] = ()


def _idx_files(folder: Path) -> list[bytes]:
    arrays = (np.arange(30, dtype=np.uint8).reshape(2, 3, 5), np.arange(7, dtype=np.uint8))
    plain = [idx_bytes(array) for array in arrays]
    return plain + [gzip.compress(content, mtime=0) for content in plain]


def _read_idx(content: bytes, folder: Path) -> Any:
    return read_idx(_written(folder / "images", content))


def _cifar_archives(folder: Path) -> list[bytes]:
    arrays = colour_arrays(np.random.default_rng(5))
    few = (arrays[0][:5], arrays[1][:5], arrays[2][:1], arrays[3][:1])
    return [cifar_archive(few, form) for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)]


def _read_cifar(content: bytes, folder: Path) -> Any:
    batches = read_batches(_written(folder / "a.tar.gz", content))
    assert len(batches) == 6
    assert all(images.shape == (len(labels), 32, 32, 3) for images, labels in batches)
    return batches


def _svhn_files(folder: Path) -> list[bytes]:
    images, labels, *_ = colour_arrays(np.random.default_rng(6), 4)
    savemat(
        folder / "a.mat",
        {"a": {"b": [1, "c"]}, "X": images[:3].transpose(1, 2, 3, 0), "y": labels[1:4]},
    )
    return [
        *(svhn_file(images[:3], labels[:3], compressed=each) for each in (True, False)),
        (folder / "a.mat").read_bytes(),
    ]


def _read_svhn(content: bytes, folder: Path) -> Any:
    entry = DATASETS["svhn"]
    assert isinstance(entry, Svhn)
    images, labels = entry.load({"train_32x32.mat": _written(folder / "a.mat", content)})
    assert images.ndim == 4
    assert labels.max() < 10
    return images, labels


def _npz_files(folder: Path) -> list[bytes]:
    arrays = some_arrays(np.random.default_rng(1), 2)
    x_train, y_train, x_test, y_test = arrays
    stored = folder / "stored.npz"
    np.savez(stored, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return [write_npz(folder / "deflated.npz", arrays).read_bytes(), stored.read_bytes()]


def _read_npz(content: bytes, folder: Path) -> Any:
    return read_npz(_written(folder / "mnist.npz", content))


def _pictures(folder: Path) -> list[bytes]:
    noise = np.random.default_rng(2).integers(0, 256, (9, 12, 4), np.uint8)
    return _in_all_forms(Image.fromarray(noise))


def _photographs(folder: Path) -> list[bytes]:
    paper = np.random.default_rng(3).normal(200, 2, (40, 56, 4)).astype(np.uint8)
    rgba = Image.fromarray(paper)
    ImageDraw.Draw(rgba).line([(20, 8), (34, 8), (26, 32)], (40, 30, 60, 255), 4)
    return _in_all_forms(rgba)


def _in_all_forms(rgba: Image.Image) -> list[bytes]:
    rgb, grey = rgba.convert("RGB"), rgba.convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[0x0112] = 6
    more = {"save_all": True, "append_images": [rgb.rotate(90)]}
    files: list[tuple[Image.Image, str, dict[str, Any]]] = [
        (rgba, "PNG", {}),
        (rgb, "PNG", {"icc_profile": b"profile" * 9}),
        (grey, "PNG", {"exif": exif}),
        (grey.convert("1"), "PNG", {}),
        (rgba.quantize(9), "PNG", {"transparency": 1}),
        (deep, "PNG", {}),
        (rgb, "PNG", more),
        (rgb, "JPEG", {"exif": exif}),
        (grey, "JPEG", {"progressive": True}),
        (rgb.convert("CMYK"), "JPEG", {}),
        (rgb, "GIF", more),
        (grey, "BMP", {}),
        (rgba.quantize(9), "BMP", {}),
        (rgba, "WEBP", {"lossless": True, "exif": exif}),
        (rgb, "WEBP", more),
        (rgba, "TIFF", {"exif": exif}),
        (grey, "TIFF", {"compression": "tiff_lzw"}),
        (deep, "TIFF", {"compression": "tiff_adobe_deflate"}),
        (rgb, "TIFF", {"compression": "jpeg"}),
        (rgb.convert("CMYK"), "TIFF", {"compression": "packbits"}),
        (grey.convert("1"), "TIFF", {"compression": "group4"}),
        (rgba.quantize(9), "TIFF", more),
    ]
    written = []
    for picture, kind, options in files:
        stream = io.BytesIO()
        picture.save(stream, kind, **options)
        written.append(stream.getvalue())
    return written


def _read_pictures(content: bytes, folder: Path) -> Any:
    """A folder of two pictures, of which one is hostile."""
    _written(folder / "own" / "2.png", content)
    Image.new("L", (12, 9)).save(folder / "own" / "1.png")
    size = 8 if len(content) % 2 else None
    try:
        return _load_folder(folder, size)
    finally:
        for cached in folder.glob("convgan/decoded/*"):
            cached.unlink()


def _archives(folder: Path) -> list[bytes]:
    contents = _pictures(folder)
    kinds = ("png",) * 7 + ("jpg",) * 3 + ("gif",) + ("bmp",) * 2 + ("webp",) * 2 + ("tif",) * 7
    layouts = ("{i}.{kind}", "own/{c}/{i}.{kind}", "train/{c}/{i}.{kind}", "{p}/{c}/{i}.{kind}")
    written = []
    for number, layout in enumerate(layouts):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED if number % 2 else 0) as archive:
            for i, (content, kind) in enumerate(zip(contents, kinds, strict=True)):
                if i % 4 == number or kind == "tif":
                    part = "test" if i // 8 % 2 else "train"
                    archive.writestr(layout.format(i=i, kind=kind, c=i // 4 % 2, p=part), content)
        written.append(stream.getvalue())
    return written


def _read_archive(content: bytes, folder: Path) -> Any:
    """A zip of pictures; of other sizes and without bad ones by turns."""
    path = _written(folder / "own.zip", content)
    section = DataConfig(
        name="folder", folder=path, image_size=8, skip_bad=len(content) % 2 == 0, limit=9
    )
    try:
        with mock.patch.dict(os.environ, XDG_CACHE_HOME=str(folder)):
            return load_dataset(section)
    finally:
        for cached in folder.glob("convgan/decoded/*"):
            cached.unlink()


def _prepare(content: bytes, folder: Path) -> Any:
    """As `predict` and `generate --like` do for networks of clothes and of digits."""
    path = _written(folder / "a.png", content)
    clothes, _ = prepare(path, (8, 8, 3), DataConfig(name="fashion-mnist"))
    digit, _ = prepare(path, (28, 28, 1), DataConfig(name="mnist"))
    assert (clothes.shape, digit.shape) == ((8, 8, 3), (28, 28, 1))
    assert clothes.dtype == digit.dtype == np.uint8
    return clothes, digit


def _latents(folder: Path) -> list[bytes]:
    z = np.random.default_rng(4).normal(size=(3, 5)).astype(np.float32)
    labels = np.arange(3)
    write_latents(folder / "stored.npz", Latents(z, labels))
    np.savez_compressed(folder / "deflated.npz", z=z, labels=labels)
    return [(folder / f"{name}.npz").read_bytes() for name in ("stored", "deflated")]


def _read_latents(content: bytes, folder: Path) -> Any:
    latents = read_latents(_written(folder / "a.npz", content), 5, 4)
    assert latents.labels is not None
    assert set(latents.labels) <= {0, 1, 2, 3}
    assert np.isfinite(latents.z).all()
    assert latents.z.shape == (len(latents.labels), 5)
    return latents


def _load_folder(folder: Path, size: int | None) -> Any:
    """Load the pictures in own/, with the cache beside them."""
    with mock.patch.dict(os.environ, XDG_CACHE_HOME=str(folder)):
        return load_dataset(DataConfig(name="folder", folder=folder / "own", image_size=size))


def _cached_arrays(folder: Path) -> list[bytes]:
    arrays = (np.arange(2 * 9 * 12, dtype=np.uint8).reshape(2, 9, 12, 1), np.zeros(3))
    files = []
    for array in arrays:
        stream = io.BytesIO()
        np.save(stream, array)
        files.append(stream.getvalue())
    return [*files, *_npz_files(folder)]


def _read_cached(content: bytes, folder: Path) -> Any:
    """Decode two pictures once; then what is kept of them is hostile."""
    if not (folder / "own").exists():
        for name in ("1.png", "2.png"):
            Image.new("L", (12, 9)).save(_written(folder / "own" / name, b""))
        _load_folder(folder, None)
    (cached,) = folder.glob("convgan/decoded/*")
    _written(cached, content)
    return _load_folder(folder, None)


_CLASSIFIER = b"""
task: classifier
name: tiny
data: {name: mnist, validation: 0.1}
model:
  blocks:
    - {filters: 2, norm: batch}
    - filters: 3
      stride: 2  # as in
  hidden: [{units: 3}]
train:
  epochs: 1
  batch_size: 8
  optimizer: {name: adam, learning_rate: 1e-3}
"""
_GAN = b"""
task: dcgan
seed: 3
data:
  name: "folder"
  folder: /data/own
generator: {projection: {size: 7, filters: 4}, blocks: [{filters: 2, stride: 2}]}
discriminator: {blocks: [{filters: 2, kernel: 5, stride: 2, activation: leaky_relu}]}
train:
  epochs: 1
  batch_size: 8
  loss: hinge
  penalty: {name: r1, weight: 1.0}
  generator_optimizer: {name: adam}
  discriminator_optimizer: {name: adam}
"""


def _configs(folder: Path) -> list[bytes]:
    return [_CLASSIFIER, _GAN]


def _read_config(content: bytes, folder: Path) -> Any:
    return load_config(_written(folder / "tiny.yaml", content))


def _changes(folder: Path) -> list[bytes]:
    return [
        b"train.epochs=7",
        b"model.blocks.0.filters=16",
        b"model.hidden=[{units: 3, norm: batch}]",
        b"train.optimizer={name: rmsprop, rho: 0.5}",
        b"data.folder='/data/own'",
        b"train.optimizer.learning_rate=1e-4",
        b"seed=0x10",
    ]


def _read_change(content: bytes, folder: Path) -> Any:
    path = folder / "tiny.yaml"
    if not path.exists():
        _written(path, _CLASSIFIER)
    return load_config(path, [os.fsdecode(content)])  # as Python decodes arguments


def _networks(folder: Path) -> list[bytes]:
    from convgan.models.build import NetworkSpec, Role
    from convgan.models.network_file import write_network
    from tests.training.tiny import classifier_spec, gan_specs

    sets: list[Mapping[Role, NetworkSpec]] = [
        {"classifier": classifier_spec()},
        gan_specs(generator_norm="batch", spectral_norm=True, dropout=0.3),
        {"discriminator": gan_specs(name="resnet")["discriminator"]},
    ]
    files = []
    for specs in sets:
        for role, spec in specs.items():
            write_network(folder / "a.safetensors", role, spec.build(), spec)
            files.append((folder / "a.safetensors").read_bytes())
    return files


_loads = itertools.count(1)


def _read_network(content: bytes, folder: Path) -> Any:
    import keras

    from convgan.models.network_file import read_network

    if next(_loads) % 200 == 0:
        keras.backend.clear_session()  # which keeps a name for each layer
    return read_network(_written(folder / "a.safetensors", content))


_NUMBERS = {"first": np.arange(6, dtype=np.float32).reshape(2, 3), "step": np.array(3)}


def _checkpoints(folder: Path) -> list[bytes]:
    write_arrays(folder / "a.safetensors", {"progress": {"step": 3, "best": {"a": 1.5}}}, _NUMBERS)
    return [(folder / "a.safetensors").read_bytes()]


def _read_checkpoint(content: bytes, folder: Path) -> Any:
    forms = {name: form_of(array) for name, array in _NUMBERS.items()}
    header, arrays = read_arrays(_written(folder / "a.safetensors", content), forms)
    assert {name: form_of(array) for name, array in arrays.items()} == forms
    return header, arrays


def _manifests(folder: Path) -> list[bytes]:
    from convgan.reporting.run_report import report_run  # with Keras, before memory is measured

    place = {"epoch": 1, "step": 4}
    run = Run.create(folder, "a", load_config("dcgan-fashion"))
    run.update(
        command="convgan train-dcgan",
        versions={"convgan": "1"},
        parameters={"generator": 5},
        samples=[place | {"file": "samples/1.png"}],
        warnings=[{"step": 4, "name": "a", "text": "b"}],
        times=[place | {"seconds": 1.5}],
        results=place | {"d_loss": 0.5},
        best=place | {"val_frechet": 2.5},
        data={
            "name": "mnist",
            "origin": "here",
            "train": {"count": 5, "sha256": "a"},
            "test": {"count": 5, "sha256": "b"},
        },
    )
    report_run(run)
    return [(run.folder / "run.json").read_bytes()]


def _read_manifest(content: bytes, folder: Path) -> Any:
    """Open a run, draw its report and go back in it."""
    from convgan.reporting.run_report import report_run

    run = Run.open(_written(folder / "a-0001" / "run.json", content).parent)
    report_run(run)
    run.rewind(2)
    return all_runs(folder)


def _logs(folder: Path) -> list[bytes]:
    call = b'{"step": 3, "epoch": 0.5, "loss": 1.25, "worse": null}\n'
    end = b'{"step": 4, "epoch": 1, "end_of_epoch": true, "loss": 1e-3}\n'
    return [call + end, b""]


def _read_log(content: bytes, folder: Path) -> Any:
    """Read a log, draw it, cut it and go on with it; then it must be whole."""
    from convgan.reporting.page_curves import page_curves

    path = _written(folder / "metrics.jsonl", content)
    log = MetricsFile(path)
    page_curves(log.records())
    log.cut(3)
    log.append({"step": 4})
    found = log.records()
    assert found[-1] == {"step": 4}
    assert all(record["step"] <= 4 for record in found)
    return found


def _evaluations(folder: Path) -> list[bytes]:
    """One result of each kind; which one a content is, its key `what` tells."""
    provenance = {
        "run": "a-0001",
        "data": {"name": "mnist", "origin": "here", "sha256": "a"},
        "made": "now",
        "versions": {"convgan": "1"},
    }
    place = {"epoch": 1, "step": 4}
    classifier = {
        "what": "classifier",
        "provenance": provenance,
        "views": [],
        **place,
        "count": 3,
        "accuracy": 0.5,
        "accuracy_95": [0.25, 0.75],
        "loss": 1.5,
        "expected_calibration_error": 0.1,
        "classes": {"a": {"precision": 0.5, "recall": None, "f1": 0.5, "count": 3}},
        "confusion_matrix": [[3]],
    }
    svm = {"accuracy": 0.5, "labels": 3, "c": [1.0], "dimension": 2, "test_count": 3}
    result = {
        "name": "recall",
        "title": "recall",
        "value": 0.5,
        "standard_error": 0.1,
        "reference": 0.9,
        "direction": "higher",
        "details": {"k": 3},
    }
    counts = ("feature_dimension", "generated", "test", "train", "reference", "svm_labels")
    words = ("evaluator", "evaluator_sha256", "data", "train_sha256", "test_sha256")
    generator = {
        "what": "generator",
        "provenance": provenance,
        "checkpoint": {"which": "last", **place},
        "evaluator_accuracy": 0.9,
        "protocol": {
            **dict.fromkeys(counts, 3),
            **dict.fromkeys(words, "a"),
            "svm_draws": 1,
            "seed": 0,
            "metrics": {"neighbours.k": 3},
        },
        "metrics": [result],
        "classes": {
            "generated": {"a": 1.0},
            "real": {"a": 1.0},
            "missing": [],
            "rare": [],
            "often": ["a"],
            "seldom": [],
        },
        "verdict": "well",
        "findings": [{"name": "a", "text": "b"}],
        "discriminator": {"trained": svm, "untrained": svm, "pixels": svm},
        "checkpoints": [{"step": 4, "epoch": 1.0, "frechet": result}],
    }
    contents = [json.dumps(found).encode() for found in (classifier, generator)]
    for content in contents:
        _read_evaluation(content, folder)  # imports Keras, before memory is measured
    return contents


def _read_evaluation(content: bytes, folder: Path) -> Any:
    """Put it into tables and the report."""
    from convgan.reporting.evaluation_tables import evaluation_tables
    from convgan.reporting.run_report import report_run
    from convgan.runs.evaluations import read_evaluation

    name = "generator" if b'"generator"' in content else "classifier"
    path = _written(folder / "eval" / f"{name}.json", content)
    run = Run(folder)
    run.manifest = {"task": "dcgan" if name == "generator" else name, "status": "finished"}
    try:
        report_run(run)
        evaluation = read_evaluation(run)
        return evaluation_tables(evaluation) if evaluation else None
    finally:
        path.unlink()


def _written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


READERS: dict[str, Reader] = {
    "idx": Reader(_idx_files, _read_idx, (edit_gzip,)),
    "cifar": Reader(_cifar_archives, _read_cifar, (edit_gzip, edit_tar_gz)),
    "svhn": Reader(_svhn_files, _read_svhn, (edit_mat,)),
    "npz": Reader(_npz_files, _read_npz, (edit_zip,)),
    "pictures": Reader(_pictures, _read_pictures, (edit_png,)),
    "archive": Reader(_archives, _read_archive, (edit_zip, edit_members)),
    "preparation": Reader(_photographs, _prepare, (edit_png,)),
    "latents": Reader(_latents, _read_latents, (edit_zip,)),
    "cache": Reader(_cached_arrays, _read_cached),
    "yaml": Reader(_configs, _read_config, (edit_text,)),
    "set": Reader(_changes, _read_change, (edit_text,)),
    "network": Reader(_networks, _read_network, (edit_safetensors,)),
    "checkpoint": Reader(_checkpoints, _read_checkpoint, (edit_safetensors,)),
    "manifest": Reader(_manifests, _read_manifest, (edit_json,)),
    "log": Reader(_logs, _read_log, (edit_text,)),
    "evaluation": Reader(_evaluations, _read_evaluation, (edit_json,)),
}
