"""KMNIST, CIFAR-10 and SVHN: made-up files of their forms, good ones and others."""

from __future__ import annotations

import gzip
import hashlib
import struct
import tarfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from convgan.config import DataConfig
from convgan.data import load_dataset
from convgan.data.cifar import BATCHES, FOLDER, read_batches
from convgan.data.published import Published
from convgan.data.svhn import read_mat
from convgan.errors import DataError
from convgan.registry import DATASETS

from .making import (
    Four,
    cifar_archive,
    cifar_batches,
    colour_arrays,
    svhn_file,
    tar_gz,
    write_four,
    write_svhn,
)

TAR = "cifar-10-binary.tar.gz"


@pytest.fixture
def colours() -> Four:
    return colour_arrays(np.random.default_rng(7))


def entry_of(name: str) -> Published:
    entry = DATASETS[name]
    assert isinstance(entry, Published)
    return entry


def published(name: str, files: Sequence[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let these be the published files."""
    sums = tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in files)
    monkeypatch.setitem(DATASETS._entries, name, replace(entry_of(name), sha256=sums))


def reads(name: str, arrays: Four, folder: Path | None = None) -> str:
    """Assert that these arrays are read; their origin."""
    dataset = load_dataset(DataConfig(name=name, folder=folder))
    np.testing.assert_array_equal(
        dataset.train.images, arrays[0].reshape(dataset.train.images.shape)
    )
    np.testing.assert_array_equal(dataset.train.labels, arrays[1])
    np.testing.assert_array_equal(dataset.test.images, arrays[2].reshape(dataset.test.images.shape))
    np.testing.assert_array_equal(dataset.test.labels, arrays[3])
    assert dataset.train.class_names == DATASETS[name].class_names
    return dataset.train.origin


def put(name: str, folder: Path, arrays: Four) -> list[Path]:
    """Write the files of a set as they are downloaded."""
    folder.mkdir(parents=True)
    if name == "cifar10":
        (folder / TAR).write_bytes(cifar_archive(arrays))
    elif name == "svhn":
        write_svhn(folder, arrays)
    else:
        write_four(folder, arrays)
    return [folder / file for file in entry_of(name).files]


@pytest.fixture
def made(request: pytest.FixtureRequest, arrays: Four, colours: Four) -> Four:
    return arrays if request.param == "kmnist" else colours


NAMED = pytest.mark.parametrize(
    ("name", "made"), [(each,) * 2 for each in ("kmnist", "cifar10", "svhn")], indirect=["made"]
)


@NAMED
def test_the_published_files_are_found_everywhere(
    tmp_path: Path, name: str, made: Four, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, system = tmp_path / "chosen", tmp_path / "usr" / "share" / "datasets" / name
    own = tmp_path / "home" / ".cache" / "convgan" / "datasets" / name
    published(name, put(name, own, made), monkeypatch)
    assert reads(name, made) == f"full, from {own}"
    put(name, system, made)
    for file, kept in zip(system.iterdir(), own.iterdir(), strict=True):
        file.write_bytes((own / file.name).read_bytes())  # an archive has the time in it
        assert kept.is_file()
    assert reads(name, made) == f"full, from {system}"
    system.rename(tmp_path / "usr" / name)
    chosen.mkdir()
    own.rename(chosen / name)
    assert reads(name, made, chosen) == f"full, from {chosen / name}"
    monkeypatch.setenv("CONVGAN_DATA", str(chosen / name))
    assert reads(name, made) == f"full, from {chosen / name}"


@NAMED
def test_other_files_are_told(
    tmp_path: Path, name: str, made: Four, caplog: pytest.LogCaptureFixture
) -> None:
    put(name, tmp_path / "d", made)
    assert reads(name, made, tmp_path / "d") == f"not the published files, from {tmp_path / 'd'}"
    assert "will not compare" in caplog.text
    caplog.clear()
    own = tmp_path / "home" / ".cache" / "convgan" / "datasets" / name
    put(name, own, made)
    with pytest.raises(DataError, match="no network in tests"):
        load_dataset(DataConfig(name=name))
    assert f"next source, since {own}: its SHA-256 is not that" in caplog.text


@NAMED
def test_a_download(tmp_path: Path, name: str, made: Four, monkeypatch: pytest.MonkeyPatch) -> None:
    files = put(name, tmp_path / "web", made)
    published(name, files, monkeypatch)
    own = tmp_path / "home" / ".cache" / "convgan" / "datasets" / name
    own.mkdir(parents=True)
    (own / files[-1].name).write_bytes(files[-1].read_bytes())
    got = []

    def download(url: str, target: Path, *, sha256: str, sum_of: Callable[[Path], str]) -> None:
        got.append(url)
        target.write_bytes((tmp_path / "web" / target.name).read_bytes())
        assert sum_of(target) == sha256

    monkeypatch.setattr("convgan.data.published.download", download)
    if name == "cifar10":
        (own / TAR).write_bytes(b"half of it")
    assert reads(name, made) == "full, downloaded"
    lacking = files if name == "cifar10" else files[:-1]
    assert got == [f"{entry_of(name).url}{file.name}" for file in lacking]


@NAMED
def test_without_files_and_network_it_says_what_to_do(name: str, made: Four) -> None:
    with pytest.raises(DataError) as caught:
        load_dataset(DataConfig(name=name))
    for part in (*entry_of(name).files, entry_of(name).url, f"folder {name}/", "CONVGAN_DATA"):
        assert part in str(caught.value)
    with pytest.raises(DataError, match="no sample"):
        load_dataset(DataConfig(name=name, source="sample"))


def test_plain_files_of_kmnist_are_not_checked(
    tmp_path: Path, arrays: Four, caplog: pytest.LogCaptureFixture
) -> None:
    write_four(tmp_path / "d", arrays, zipped=False)
    assert reads("kmnist", arrays, tmp_path / "d") == f"not checked, from {tmp_path / 'd'}"
    assert "no sums of files in this form" in caplog.text


def test_files_of_kmnist_are_not_taken_for_mnist(
    tmp_path: Path, arrays: Four, monkeypatch: pytest.MonkeyPatch
) -> None:
    published("kmnist", put("kmnist", tmp_path / "d", arrays), monkeypatch)
    with pytest.raises(DataError, match="those of kmnist, not of mnist"):
        load_dataset(DataConfig(name="mnist", folder=tmp_path / "d"))


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_cifar_in_any_tar_format(tmp_path: Path, colours: Four, form: int) -> None:
    (tmp_path / TAR).write_bytes(cifar_archive(colours, form))
    batches = read_batches(tmp_path / TAR)
    assert [len(images) for images, _ in batches] == [10] * 6
    np.testing.assert_array_equal(np.concatenate([each for each, _ in batches[:5]]), colours[0])


@pytest.mark.parametrize("place", ["", FOLDER])
def test_cifar_unpacked_is_not_checked(tmp_path: Path, colours: Four, place: str) -> None:
    folder = tmp_path / "d"
    (folder / place).mkdir(parents=True)
    for name, content in cifar_batches(colours).items():
        (folder / place / name).write_bytes(content)
    assert reads("cifar10", colours, folder) == f"not checked, from {folder}"
    (folder / place / BATCHES[2]).unlink()
    with pytest.raises(DataError, match=r"cannot be read, get it anew.*data_batch_3\.bin"):
        load_dataset(DataConfig(name="cifar10", folder=folder))


def cifar_with(colours: Four, **changed: bytes | None) -> list[tuple[str, bytes]]:
    batches = cifar_batches(colours) | {f"{key}.bin": value for key, value in changed.items()}
    return [(f"{FOLDER}/{name}", part) for name, part in batches.items() if part is not None]


def odd_archives(colours: Four) -> dict[str, tuple[bytes, str]]:
    good, record = cifar_archive(colours), bytes(3073)
    members = cifar_with(colours)
    bomb = tar_gz([("zeros", bytes(1 << 25)), *members])
    plain = gzip.decompress(good)
    return {
        "truncated": (good[:-3000], "cannot be read, get it anew"),
        "cut": (gzip.compress(plain[:40_000]), "end too early"),
        "plain": (plain, "cannot be read, get it anew"),
        "text": (gzip.compress(b"x" * 2000), "no tar archive has"),
        "size": (gzip.compress(plain.replace(b"0000074", b"7777774", 1)), "no tar archive has"),
        "length": (tar_gz(cifar_with(colours, data_batch_2=record + b"x")), "has 3,074 bytes"),
        "none": (tar_gz(cifar_with(colours, test_batch=b"")), "has 0 bytes"),
        "long": (tar_gz(cifar_with(colours, test_batch=record * 10_001)), "no more than 10,000"),
        "label": (tar_gz(cifar_with(colours, test_batch=b"\n" + record[1:])), "from 10 to 10"),
        "missing": (tar_gz(cifar_with(colours, data_batch_4=None)), "lacks .*data_batch_4.bin"),
        "twice": (tar_gz([*members[:2], *members]), r"holds data_batch_1\.bin twice"),
        "bomb": (bomb, "'zeros' has 33,554,432 bytes, and is not of CIFAR-10"),
        "elsewhere": (tar_gz([(f"../{name}", part) for name, part in members]), "lacks"),
    }


@pytest.mark.parametrize("kind", odd_archives(colour_arrays(np.random.default_rng(7))))
def test_an_odd_archive_is_refused(tmp_path: Path, colours: Four, kind: str) -> None:
    content, message = odd_archives(colours)[kind]
    (tmp_path / TAR).write_bytes(content)
    with pytest.raises(DataError, match=message):
        load_dataset(DataConfig(name="cifar10", folder=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [TAR]


@pytest.mark.parametrize("compressed", [True, False])
def test_svhn_compressed_or_not(tmp_path: Path, colours: Four, *, compressed: bool) -> None:
    write_svhn(tmp_path / "d", colours, compressed=compressed)
    assert reads("svhn", colours, tmp_path / "d").startswith("not the published files")


def element(kind: int, content: bytes) -> bytes:
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def mat_with(*variables: bytes) -> bytes:
    return b"MATLAB 5.0".ljust(124) + b"\0\1IM" + b"".join(variables)


def variable(
    name: bytes, shape: tuple[int, ...], data: bytes, announced: int | None = None
) -> bytes:
    size = len(data) if announced is None else announced
    fields = (6, struct.pack("<II", 9, 0)), (5, struct.pack(f"<{len(shape)}i", *shape)), (1, name)
    body = b"".join(element(*field) for field in fields) + struct.pack("<II", 2, size) + data
    return struct.pack("<II", 14, len(body)) + body


def packed(content: bytes) -> bytes:
    return struct.pack("<II", 15, len(packed_ := zlib.compress(content))) + packed_


def cells(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        fields = (6, struct.pack("<II", 1, 0)), (5, struct.pack("<2i", 1, 1)), (1, b"")
        inner = element(14, b"".join(element(*field) for field in fields) + inner)
    return inner


def saved(tmp_path: Path, **variables: object) -> bytes:
    savemat(tmp_path / "made.mat", variables)
    return (tmp_path / "made.mat").read_bytes()


def odd_mats(folder: Path) -> dict[str, tuple[bytes, str]]:
    colours = colour_arrays(np.random.default_rng(7))
    good, y = svhn_file(*colours[:2]), variable(b"y", (1, 1), b"\3")
    x = np.zeros((32, 32, 3, 2), np.uint8)
    bomb = packed(variable(b"X", (32, 32, 3, 40_000), bytes(32 * 32 * 3 * 40_000)))
    short = variable(b"X", (32, 32, 3, 2), bytes(3072))
    return {
        "truncated": (good[:-20], "ends too early"),
        "header": (good[:100], "no MAT-file of level 5"),
        "big-endian": (good[:124] + b"\1\0MI" + good[128:], "no MAT-file of level 5"),
        "damaged": (good[:4000] + bytes(100) + good[4100:], "cannot be read, get it anew"),
        "missing": (mat_with(variable(b"X", (32, 32, 3, 1), bytes(3072))), "lacks the variable y"),
        "twice": (mat_with(y, y), "lacks the variable X"),
        "kind": (mat_with(element(1, b"text")), "kind 1, expected a matrix"),
        "cells": (mat_with(cells(20_000), y), "lacks the variable X"),
        "many": (mat_with(*[cells(1)] * 20, y), "lacks the variable X"),
        "name": (mat_with(variable(b"n" * 100, (1, 1), b"\3")), "a field of 100 bytes"),
        "bomb": (mat_with(bomb), "the limit is"),
        "announced": (
            mat_with(variable(b"X", (1, 1 << 24), b"", 1 << 24)),
            "cannot reshape array of size 0",
        ),
        "sizes": (mat_with(short), "has 3,072 bytes and sizes"),
        "negative": (mat_with(variable(b"X", (-1, -8), bytes(8))), "has 8 bytes and sizes"),
        "doubles": (saved(folder, X=x.astype(float), y=[[1.0]]), "expected unsigned bytes"),
        "text": (
            saved(folder, X="pictures", y=np.array([[1]], np.uint8)),
            "expected unsigned bytes",
        ),
        "axes": (saved(folder, X=x[0], y=np.array([[1], [2]], np.uint8)), r"X is \(32, 3, 2\)"),
        "labels": (
            saved(folder, X=x, y=np.array([[1], [11]], np.uint8)),
            r"and y \(2, 1\), from 1 to 11",
        ),
        "zero": (saved(folder, X=x, y=np.array([[0], [1]], np.uint8)), "from 0 to 1; expected"),
        "count": (
            saved(folder, X=x, y=np.array([[1], [2], [3]], np.uint8)),
            r"expected int64 \(2,\)",
        ),
    }


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[bytes, str]]:
    return odd_mats(tmp_path_factory.mktemp("made"))


KINDS = (
    "truncated header big-endian damaged missing twice kind cells many name bomb announced sizes "
    "negative doubles text axes labels zero count"
)


@pytest.mark.parametrize("kind", KINDS.split())
def test_an_odd_mat_file_is_refused(
    tmp_path: Path, colours: Four, odd: dict[str, tuple[bytes, str]], kind: str
) -> None:
    assert [*odd] == KINDS.split()
    content, message = odd[kind]
    write_svhn(tmp_path, colours)
    (tmp_path / "train_32x32.mat").write_bytes(content)
    with pytest.raises(DataError, match=message):
        load_dataset(DataConfig(name="svhn", folder=tmp_path))


def test_other_variables_are_passed_over(tmp_path: Path) -> None:
    x, names = np.arange(24, dtype=np.uint8).reshape(2, 3, 4), np.array(["a", "bcd"], object)
    savemat(tmp_path / "a.mat", {"names": names, "deep": {"a": {"b": 1}}, "X": x, "y": x[0]})
    found = read_mat(tmp_path / "a.mat")
    np.testing.assert_array_equal(found["y"], x[0])
    np.testing.assert_array_equal(found["X"], x)
