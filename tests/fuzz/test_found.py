"""What was found in the readers of data, each mended: one test a finding."""

from __future__ import annotations

import gzip
import io
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from convgan.arrays import Form, read_arrays, write_arrays
from convgan.config import DataConfig
from convgan.data import decoding, load_dataset, npz, opening, read_idx, read_npz
from convgan.errors import DataError
from tests.data.making import idx_bytes, picture, some_arrays, write_npz


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def archive(folder: Path) -> Path:
    return write_npz(folder / "a.npz", some_arrays(np.random.default_rng(1), 2))


def test_a_gzip_file_of_two_members_is_refused(tmp_path: Path) -> None:
    """gzip.GzipFile would go through millions of empty ones, a second for each 100,000."""
    content = gzip.compress(idx_bytes(np.arange(5, dtype=np.uint8)))
    for file in (content + gzip.compress(b""), gzip.compress(b"") + content):
        with pytest.raises(DataError, match="something follows the compressed data"):
            read_idx(write(tmp_path / "a.gz", file))


def test_what_a_gzip_file_may_unpack_to_depends_on_its_size(tmp_path: Path) -> None:
    """A megabyte could be a gigabyte of zeros before."""
    header = b"\0\0\x08\3" + struct.pack(">3I", 300_000, 28, 28)
    path = write(tmp_path / "a.gz", gzip.compress(header + bytes(1 << 20)))
    with pytest.raises(DataError, match="no more than the limit of 134,217,728"):
        read_idx(path)
    with path.open("ab") as file:
        file.truncate(300_000 * 28 * 28 // 50 + 1000)
    with pytest.raises(DataError, match=r"something follows|ends before"):
        read_idx(path)


def test_lzma_in_an_npz_is_refused(tmp_path: Path) -> None:
    """It would allocate the dictionary that the member announces, up to 4 GB."""
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as file:
        file.writestr("x_train.npy", b"any")
    with pytest.raises(DataError, match="compressed by method 14, not deflate"):
        read_npz(path)


def test_the_limit_of_an_npz_is_for_all_its_arrays(tmp_path: Path) -> None:
    path = archive(tmp_path)
    with pytest.raises(DataError, match="y_train has 148 bytes, more than the limit of"):
        read_npz(path, max_bytes=220)
    assert npz.MAX_NPZ_BYTES < 200_000_000


@pytest.mark.parametrize("what", ["directory", "zip64", "comment", "short"])
def test_an_archive_with_an_odd_end_is_refused(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory of 100 MB would become gigabytes of objects."""
    path = archive(tmp_path)
    content = path.read_bytes()
    end = content[-22:]
    if what == "directory":
        monkeypatch.setattr(npz, "MAX_DIRECTORY_BYTES", 100)
    elif what == "zip64":  # a second end, which zipfile would believe
        locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(content) - 22, 1)
        path.write_bytes(content[:-22] + locator + end)
    elif what == "comment":
        path.write_bytes(content[:-2] + b"\1\0c")
    else:
        path.write_bytes(content[:9])
    with pytest.raises(DataError, match="cannot be read, get it anew"):
        read_npz(path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    return tmp_path / "own"


def load(root: Path, **settings: Any) -> Any:
    return load_dataset(DataConfig(name="folder", folder=root, **settings))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "BMP", "JPEG"])
def test_a_picture_is_measured_before_it_is_decoded(root: Path, kind: str) -> None:
    size = (2600, 2500) if kind == "WEBP" else (4000, 3200)
    for i in range(2):
        Image.new("L", size).save(root / f"{i}.png", kind)
    tracemalloc.start()
    try:
        if kind == "BMP":  # has its bytes
            assert load(root, image_size=8).train.image_shape == (8, 8, 1)
        else:
            with pytest.raises(DataError, match=f"suspiciously large: it has {size[0]}x"):
                load(root, image_size=8)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("progressive", [True, False])
def test_the_scans_of_a_jpeg_are_counted(root: Path, progressive: bool) -> None:
    """A thousand of 27 bytes took 10 s at 12 megapixels."""
    picture(root / "1.png")
    Image.new("RGB", (8, 8)).save(root / "2.jpg", progressive=progressive)
    content = (root / "2.jpg").read_bytes()
    scan = content[content.rindex(b"\xff\xda") : -2]
    assert load(root).train.images.shape[0] == 1
    hidden = b"\xff\x01" + scan  # behind a marker that has no length
    (root / "2.jpg").write_bytes(content[:-2] + hidden * 101 + content[-2:])
    with pytest.raises(DataError, match=r"2\.jpg has 1\d\d scans, the limit is 100"):
        load(root)
    # What follows the picture's end is not decoded, as the film of a phone's photograph.
    (root / "2.jpg").write_bytes(content + scan * 1000)
    assert load(root).train.images.shape[0] == 1


def test_a_picture_file_has_a_limit(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(2):
        picture(root / f"{i}.png")
    monkeypatch.setattr(opening, "_MAX_FILE_BYTES", 20)
    with pytest.raises(DataError, match=r"0\.png is suspiciously large: it has \d+ bytes"):
        load(root)


def test_memory_that_is_not_there(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = root / "own.npz"
    np.savez(path, images=np.zeros((2, 8, 8), np.uint8))

    def empty(*_: Any) -> None:
        raise MemoryError("Unable to allocate 30.0 GiB")

    with monkeypatch.context() as patched:
        patched.setattr(np, "empty", empty)
        with pytest.raises(DataError, match=r"Unable to allocate 30.0 GiB; set a smaller"):
            load(path, image_size=16)


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_in_a_circle_are_left_out(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    for i in range(2):
        picture(root / f"{i}.png", i)
    (root / "a.png").symlink_to(root / "b.png")
    (root / "b.png").symlink_to(root / "a.png")
    assert load(root).train.images.shape[0] == 1


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
@pytest.mark.parametrize("part", ["train", "test"])
def test_train_and_test_do_not_lead_out_of_the_folder(root: Path, part: str) -> None:
    for name in {"train", "test"} - {part}:
        picture(root / name / "1.png")
    outside = picture(root.parent / "secret" / "1.png").parent
    (root / part).symlink_to(outside)
    with pytest.raises(DataError, match=f"{part} is a link to outside of"):
        load(root)


def test_a_folder_that_may_not_be_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def iterdir(path: Path) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", iterdir)
    with pytest.raises(DataError, match="own cannot be read: Permission denied"):
        load(root)


@pytest.mark.parametrize("name", ["~nobody-is-there/own", "a" * 5000])
def test_a_path_that_cannot_be_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"data\.folder .* cannot be read"):
        load(Path(name))
    with pytest.raises(DataError, match=r"cannot be read, get it anew|there is no such file"):
        read_idx(Path(name))
    with pytest.raises(DataError, match=r"cannot be read, get it anew|there is no such file"):
        read_npz(Path(name))


def test_an_archive_in_the_cache_is_not_opened(root: Path, tmp_path: Path) -> None:
    """np.load gave an object without a type, and an AttributeError."""
    for i in range(2):
        picture(root / f"{i}.png", 10 + i)
    load(root)
    (cached,) = (tmp_path / "cache" / "convgan" / "decoded").iterdir()
    good = cached.read_bytes()
    array = io.BytesIO()
    np.savez(array, np.zeros(3))
    odd = good.replace(b"(2, 8, 8, 1)", b"(2, 8, 8, 3)")
    for bad in (array.getvalue(), odd, good.replace(b"'|u1'", b"'|i1'"), good + b"\0"):
        assert bad != good
        cached.write_bytes(bad)
        assert load(root).train.images[0, 0, 0, 0] == 10
        assert cached.read_bytes() == good


def test_a_cached_array_is_mapped(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(2):
        picture(root / f"{i}.png", 10 + i)
    load(root)
    monkeypatch.setattr(decoding, "_decode", None)
    images = load(root).train.images
    assert images[0, 0, 0, 0] == 10
    assert not images.flags.writeable


@pytest.mark.parametrize("shape", ["[1e999]", "[[]]", "7", "null", "[-1]"])
def test_a_shape_that_is_none(tmp_path: Path, shape: str) -> None:
    """JSON's infinity gave an OverflowError."""
    path = tmp_path / "a.safetensors"
    write_arrays(path, {}, {"x": np.zeros(2, np.float32)})
    content = path.read_bytes()
    header = content[8 : 8 + int.from_bytes(content[:8], "little")]
    header = header.replace(b"[2]", shape.encode())
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(DataError, match=r"a\.safetensors"):
        read_arrays(path, {"x": Form("float32", (2,))})
