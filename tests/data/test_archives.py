"""Your own pictures in a zip archive: as those in a folder, and no archive does harm."""

from __future__ import annotations

import stat
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from convgan.config import DataConfig
from convgan.data import Dataset, load_dataset, picture_files
from convgan.errors import DataError

from .making import picture


def load(path: Path, **settings: Any) -> Dataset:
    return load_dataset(DataConfig.model_validate({"name": "folder", "folder": path, **settings}))


def noise(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8))


def packed(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def png(tmp_path: Path) -> bytes:
    return picture(tmp_path / "grey.png", 77).read_bytes()


LAYOUTS = {
    "loose": [f"{i}.png" for i in (3, 10, 2, 1)],
    "classes": [f"{name}/{i:02}.png" for name in ("b", "a") for i in range(11)],
    "parts": ["train/b/1.png", "train/a/2.png", "train/a/1.png", "test/b/9.png", "test/a/8.png"],
    "only train": ["train/2.png", "train/1.png", "train/3.png"],
}


@pytest.mark.parametrize("above", ["", "./", "my pictures/"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_zip_is_as_its_folder(tmp_path: Path, layout: str, above: str) -> None:
    root, names = tmp_path / "own", LAYOUTS[layout]
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        noise(seed).save(root / name)
    files = {above + name: (root / name).read_bytes() for name in names}
    junk = {"__MACOSX/own/._1.png": b"\0", f"{above}.hidden.png": b"\0", f"{above}notes.txt": b"a"}
    archive = packed(tmp_path / "own.zip", files | junk)
    for settings in ({}, {"limit": 2}):
        expected, found = load(root, **settings), load(archive, **settings)
        for one, other in ((expected.train, found.train), (expected.test, found.test)):
            np.testing.assert_array_equal(one.images, other.images)
            assert one.class_names == other.class_names
            assert one.fingerprint == other.fingerprint
        assert str(archive) in found.train.origin


def test_another_archive_of_the_same_name_is_decoded_anew(tmp_path: Path) -> None:
    for level in (10, 20):
        content = picture(tmp_path / "a.png", level).read_bytes()
        archive = packed(tmp_path / "own.zip", {"1.png": content, "2.png": content})
        assert load(archive).train.images[0, 0, 0, 0] == level


@pytest.mark.parametrize(
    "name", ["../a.png", "a/../../b.png", "/etc/a.png", "C:\\a.png", "..\\a.png"]
)
def test_names_that_lead_out_are_left_out(
    tmp_path: Path, png: bytes, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    archive = packed(tmp_path / "own.zip", {"1.png": png, "2.png": png, name: b"evil"})
    before = sorted(tmp_path.rglob("*"))
    assert len(load(archive).train) == 1
    assert "1 member left out" in caplog.text
    assert "its name leads out of the archive" in caplog.text
    made = set(tmp_path.rglob("*")) - set(before) - {tmp_path / "home"}
    assert all(path.is_relative_to(tmp_path / "home" / ".cache") for path in made)


def test_links_and_nested_archives_are_left_out(
    tmp_path: Path, png: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = packed(tmp_path / "own.zip", {"1.png": png, "2.png": png, "more.zip": b"PK"})
    with zipfile.ZipFile(path, "a") as archive:
        for number in (3, 4):
            link = zipfile.ZipInfo(f"{number}.png")
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, "/etc/passwd")
    assert len(load(path).train) == 1
    assert "2 members left out, '3.png': it is a link" in caplog.text
    assert "'more.zip': archives in an archive are not opened" in caplog.text


def test_backslashes_separate(tmp_path: Path, png: bytes) -> None:
    names = [f"{name}\\{i}.png" for name in "ab" for i in range(2)]
    assert load(packed(tmp_path / "own.zip", dict.fromkeys(names, png))).train.class_names == (
        "a",
        "b",
    )


def test_an_encrypted_archive_is_refused(tmp_path: Path, png: bytes) -> None:
    path = packed(tmp_path / "own.zip", {"1.png": png, "2.png": png})
    content = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(magic) + offset] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"'1\.png' is encrypted; unpack it, and name the folder"):
        load(path)


@pytest.mark.parametrize("second", ["a/1.png", "a//1.png", "./a/1.png"])
def test_two_members_of_one_name_are_refused(tmp_path: Path, png: bytes, second: str) -> None:
    other = "b" * len(second[:-4])  # zipfile would warn
    path = packed(tmp_path / "own.zip", {"a/1.png": png, "a/2.png": png, f"{other}.png": png})
    content = path.read_bytes()
    path.write_bytes(content.replace(f"{other}.png".encode(), second.encode()))
    with pytest.raises(DataError, match=r"two members have the name '"):
        load(path)


def test_methods_that_take_much_memory_are_not_unpacked(tmp_path: Path, png: bytes) -> None:
    path = packed(tmp_path / "own.zip", {"1.png": png, "2.png": png}, zipfile.ZIP_LZMA)
    with pytest.raises(DataError, match=r"1\.png is compressed by method 14, not deflate"):
        load(path)


def test_no_more_is_unpacked_than_is_announced(tmp_path: Path, png: bytes) -> None:
    """64 MB of zeros in a member that says it has 99 bytes."""
    true, said = 1 << 26, 99
    path = packed(tmp_path / "own.zip", {"1.png": png, "2.png": bytes(true)})
    content = path.read_bytes()
    assert content.count(struct.pack("<I", true)) == 2  # before the member, and in the directory
    path.write_bytes(content.replace(struct.pack("<I", true), struct.pack("<I", said)))
    tracemalloc.start()
    try:
        with pytest.raises(
            DataError, match=r"1 of 2 pictures cannot be read:\n.*2\.png is damaged"
        ):
            load(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 23
    finally:
        tracemalloc.stop()


def test_a_bomb_is_refused_before_anything_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_files, "_MAX_SMALL_BYTES", 1 << 20)
    path = packed(tmp_path / "own.zip", {f"{i}.png": bytes(1 << 18) for i in range(5)})
    with pytest.raises(
        DataError, match=r"is suspiciously large: its [\d,]+ bytes would become 1,310,720"
    ):
        load(path)


def test_too_many_members_are_refused_before_they_are_read(
    tmp_path: Path, png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_files, "_MAX_DIRECTORY_BYTES", 1000)
    few = packed(tmp_path / "few.zip", {f"{i:03}.png": png for i in range(10)})
    many = packed(tmp_path / "many.zip", {f"{i:03}.png": png for i in range(30)})
    assert len(load(few).train) == 9
    with pytest.raises(
        DataError, match=r"its directory has [\d,]+ bytes, more than the limit of 1,000"
    ):
        load(many)


def test_more_members_than_an_old_zip_counts(
    tmp_path: Path, png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From 65,536 an archive has the form zip64."""
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    path = packed(tmp_path / "own.zip", {"1.png": png, "2.png": png})
    assert b"PK\6\6" in path.read_bytes()
    assert len(load(path).train) == 1


@pytest.mark.parametrize("content", [b"", b"PK nothing", b"PK\5\6" + bytes(18)])
def test_what_is_no_archive_or_an_empty_one(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "own.zip"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be read as a zip archive|holds no pictures"):
        load(path)


def test_an_archive_with_nothing_to_train_with(tmp_path: Path, png: bytes) -> None:
    path = packed(tmp_path / "own.zip", {"own/test/a/1.png": png, "own/test/a/2.png": png})
    with pytest.raises(DataError, match="has a folder test/ but no train/"):
        load(path)
