from __future__ import annotations

import gzip
import hashlib
import struct
import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convgan.data import read_idx
from convgan.data.idx import idx_sha256
from convgan.errors import DataError

from .making import idx_bytes

if TYPE_CHECKING:
    from pathlib import Path

IMAGES = np.arange(2 * 3 * 5, dtype=np.uint8).reshape(2, 3, 5)
LABELS = np.array([1, 0], np.uint8)
VALID = idx_bytes(IMAGES)
DATA_AT = 16


def write(folder: Path, content: bytes, name: str = "some-idx") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("array", [IMAGES, LABELS], ids=["images", "labels"])
@pytest.mark.parametrize("zipped", [False, True])
def test_what_was_written_is_read(tmp_path: Path, array: np.ndarray, zipped: bool) -> None:
    content = idx_bytes(array)
    path = write(tmp_path, gzip.compress(content) if zipped else content)
    np.testing.assert_array_equal(read_idx(path), array)
    assert idx_sha256(read_idx(path)) == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no idx file"),
        (VALID[:3], "no idx file"),
        (b"\1" + VALID[1:], "no idx file.* begins with '01000803'"),
        (b"\0\0\x0d" + VALID[3:], "no idx file of unsigned bytes.* '00000d03'"),
        (b"\0\0\x08\2" + struct.pack(">2I", 5, 6) + bytes(30), "no idx file.* '00000802'"),
        (VALID[:14], "no idx file.*, and the sizes"),
        (idx_bytes(np.zeros((0, 3, 5), np.uint8)), "expected at least 1"),
        (
            b"\0\0\x08\3" + struct.pack(">3I", 2**31, 28, 28),
            "no more than the limit of 1,073,741,824|no more than the limit of 134,217,728",
        ),
    ],
)
def test_a_bad_header_is_told(tmp_path: Path, content: bytes, message: str, zipped: bool) -> None:
    path = write(tmp_path, gzip.compress(content) if zipped else content)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [VALID[:-1], VALID + b"\0"], ids=["truncated", "too long"])
def test_a_plain_file_has_the_size_that_its_header_means(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match=r"(ends before|goes on after) the 30 bytes"):
        read_idx(write(tmp_path, content))


def test_a_gzipped_file_that_unpacks_to_too_little(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="ends before the 30 bytes"):
        read_idx(write(tmp_path, gzip.compress(VALID[:-1])))


def test_a_gzipped_file_that_unpacks_to_too_much(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="goes on after the 30 bytes"):
        read_idx(write(tmp_path, gzip.compress(VALID + b"\0")))


@pytest.mark.parametrize(
    "damage",
    [
        lambda z: z[:-12],
        lambda z: z[:-8] + bytes([z[-8] ^ 1]) + z[-7:],  # the checksum
        lambda z: z + b"rubbish",
        lambda z: z[:10] + b"\xff\xff\xff" + z[13:],
        lambda z: z[:5],
    ],
)
def test_a_damaged_gzip_file(tmp_path: Path, damage: object) -> None:
    assert callable(damage)
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(write(tmp_path, damage(gzip.compress(VALID))))


@pytest.mark.parametrize("zipped", [False, True])
def test_an_announced_size_is_not_allocated(tmp_path: Path, zipped: bool) -> None:
    content = b"\0\0\x08\3" + struct.pack(">3I", 1000, 1000, 1000) + bytes(1000)
    path = write(tmp_path, gzip.compress(content) if zipped else content)
    tracemalloc.start()
    try:
        with pytest.raises(DataError):
            read_idx(path)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_a_gzip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = gzip.compress(VALID + bytes(64 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="goes on"):
            read_idx(write(tmp_path, bomb))
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_the_limit_is_the_callers(tmp_path: Path) -> None:
    path = write(tmp_path, VALID)
    assert read_idx(path, max_bytes=30).shape == (2, 3, 5)
    with pytest.raises(DataError, match="limit of 29"):
        read_idx(path, max_bytes=29)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(DataError, match="no such file"):
            read_idx(path)


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    content = bytearray(VALID)
    places = st.integers(0, len(content) - 1)
    for place, value in draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=4)):
        content[place] = value
    content = content[: draw(st.integers(0, len(content)))] + draw(st.binary(max_size=3))
    if draw(st.booleans()):
        zipped = bytearray(gzip.compress(bytes(content), mtime=0))
        if draw(st.booleans()):
            zipped[draw(st.integers(0, len(zipped) - 1))] ^= draw(st.integers(1, 255))
        return bytes(zipped)
    return bytes(content)


@settings(max_examples=150, deadline=None, database=None)
@given(content=st.one_of(st.binary(max_size=64), _mutated()))
def test_any_bytes_give_an_array_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = write(tmp_path_factory.getbasetemp(), content, "fuzzed")
    try:
        array = read_idx(path)
    except DataError:
        return
    assert array.dtype == np.uint8
    assert array.ndim in (1, 3)
    assert array.size
