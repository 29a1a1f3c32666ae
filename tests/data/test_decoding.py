"""Decoding many files: bad ones, threads, memory, and the cache."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from convgan.config import DataConfig
from convgan.data import Dataset, decoding, load_dataset
from convgan.data.places import convgan_cache
from convgan.errors import DataError

from .making import picture


def load(root: Path, **settings: Any) -> Dataset:
    return load_dataset(DataConfig.model_validate({"name": "folder", "folder": root, **settings}))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Forty pictures of two classes, of which 0, 3, 6 and so on cannot be read."""
    noise = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    for i in range(40):
        path = picture(tmp_path / "own" / "ab"[i % 2] / f"{i:02}.png", (i, i, 200))
        if i % 3 == 0:
            Image.fromarray(noise).save(path)  # its header is good, its pixels are cut
            path.write_bytes(path.read_bytes()[:150] if i % 2 else b"\0" * 9)
    return tmp_path / "own"


def test_all_bad_files_are_found_and_ten_are_listed(root: Path) -> None:
    with pytest.raises(DataError) as caught:
        load(root)
    said = str(caught.value)
    assert said.startswith("14 of 40 pictures cannot be read:\n  ")
    lines = said.splitlines()
    assert len([line for line in lines if "is no picture of" in line or "is damaged" in line]) == 10
    assert lines[-2] == "  and 4 more"
    assert "--set data.skip_bad=true" in lines[-1]


@pytest.mark.parametrize("cache", ["kept", "not kept"])
def test_bad_files_are_left_out_with_their_labels(
    root: Path, tmp_path: Path, cache: str, caplog: pytest.LogCaptureFixture
) -> None:
    if cache == "not kept":
        (tmp_path / "home").write_text("not a folder")
    for _ in range(2):  # the second time from the cache
        caplog.clear()
        dataset = load(root, skip_bad=True)
        for part in (dataset.train, dataset.test):
            assert part.labels is not None
            numbers = part.images[:, 0, 0, 0]
            np.testing.assert_array_equal(part.labels, numbers % 2)
            assert (part.images[:, 0, 0, 2] == 200).all()
        assert dataset.test.images[:, 0, 0, 0].tolist() == [19, 38]
        numbers = np.concatenate(
            [part.images[:, 0, 0, 0] for part in (dataset.train, dataset.test)]
        )
        assert sorted(numbers) == [i for i in range(40) if i % 3]
        assert len(dataset.left_out) == 14
        assert all("own" in line for line in dataset.left_out)
        assert "14 of 40 pictures are left out (data.skip_bad)" in caplog.text
    with pytest.raises(DataError, match="14 of 40"):
        load(root)


def test_what_is_left_out_lies_behind_the_limit(root: Path) -> None:
    dataset = load(root, skip_bad=True, limit=4)
    assert dataset.train.images[:, 0, 0, 0].tolist() == [1, 2]
    assert len(dataset.left_out) == 2 + 2


def test_if_all_are_bad_nothing_is_left(root: Path) -> None:
    for path in root.rglob("*.png"):
        path.write_bytes(b"bad")
    with pytest.raises(DataError, match="40 of 40 pictures cannot be read"):
        load(root, skip_bad=True)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Large and small by turns, so that threads finish in another order."""
    for i in range(60):
        size = (8, 8) if i % 4 else (900, 700)
        picture(tmp_path / "mixed" / f"{i:02}.png", (i, 2 * i, 3 * i), size=size)
    return tmp_path / "mixed"


def test_threads_change_nothing(
    mixed: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "convgan")
    found = []
    for threads in (1, 8):
        monkeypatch.setattr(decoding, "_THREADS", threads)
        dataset = load(mixed, image_size=16)
        assert dataset.train.images[:, 0, 0, 0].tolist() == [i for i in range(60) if i % 10 != 9]
        found.append(dataset)
        (cached,) = convgan_cache().glob("decoded/*.npy")
        assert f"{cached}: the decoded pictures (0.0 MB) are kept there" in caplog.text
        assert f"to free the space, delete {cached.parent}" in caplog.text
        cached.unlink()
    one, eight = found
    assert one.train.fingerprint == eight.train.fingerprint


def test_memory_is_flat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All pictures together have 12 MB, those under way 1."""
    monkeypatch.setattr(decoding, "_THREADS", 2)
    for i in range(1, 101):
        picture(tmp_path / "own" / f"{i:03}.png", (i, 0, 0))
    load(tmp_path / "own")  # imports what there is to be imported
    picture(tmp_path / "own" / "000.png", size=(4000, 3000))  # while it is decoded, others wait
    tracemalloc.start()
    try:
        dataset = load(tmp_path / "own", image_size=200)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert dataset.train.images.nbytes > 10_000_000
    assert peak < 3_000_000


def test_the_key_of_what_was_decoded_before_is_the_same(tmp_path: Path) -> None:
    """Whoever upgrades decodes nothing again, unless it would come out otherwise."""
    for i in range(2):
        picture(tmp_path / "own" / f"{i}.png", i)
    load(tmp_path / "own", image_size=16)
    digest = hashlib.sha256(json.dumps([1, 16, None]).encode())
    for i in range(2):
        found = (tmp_path / "own" / f"{i}.png").stat()
        digest.update(json.dumps([f"{i}.png", found.st_size, found.st_mtime_ns]).encode())
    (cached,) = convgan_cache().glob("decoded/*")
    assert cached.stem == digest.hexdigest()
    load(tmp_path / "own", image_size=16, fit="pad")
    load(tmp_path / "own", image_size=16, background="red")
    assert len(list(cached.parent.iterdir())) == 3


@pytest.mark.parametrize("behind", [b"[[0, 'a']]", b'[[5, "a"]]', b"[]", b"{}", b'[[0, "a"]] '])
def test_a_list_of_bad_files_that_is_damaged_is_made_anew(tmp_path: Path, behind: bytes) -> None:
    for i in range(3):
        picture(tmp_path / "own" / f"{i}.png", 10 + i)
    (tmp_path / "own" / "0.png").write_bytes(b"bad")
    load(tmp_path / "own", skip_bad=True)
    (cached,) = convgan_cache().glob("decoded/*")
    good = cached.read_bytes()
    assert good.endswith(b'"]]')
    cached.write_bytes(good[: good.rindex(b"[[0")] + behind)
    dataset = load(tmp_path / "own", skip_bad=True)
    assert dataset.train.images[:, 0, 0, 0].tolist() == [11]
    assert "is no picture of" in dataset.left_out[0] or behind.endswith(b" ")
