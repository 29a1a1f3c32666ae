from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convgan.data import read_npz
from convgan.errors import DataError

from .making import Four, some_arrays, write_npz

if TYPE_CHECKING:
    from pathlib import Path


def replaced(path: Path, arrays: Four, **members: Any) -> Path:
    x_train, y_train, x_test, y_test = arrays
    four = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    np.savez(path, **{**four, **members})
    return path


def test_what_was_written_is_read(tmp_path: Path, arrays: Four) -> None:
    for path in (write_npz(tmp_path / "a.npz", arrays), replaced(tmp_path / "b.npz", arrays)):
        for got, expected in zip(read_npz(path), arrays, strict=True):
            np.testing.assert_array_equal(got, expected)


def pickled() -> Any:
    return np.array([{"a": 1}], dtype=object)


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("x_train", pickled(), "of uint8"),
        ("y_train", np.zeros(20, np.int64), "of uint8"),
        ("x_train", np.zeros((20, 6, 7), np.uint8, order="F"), "C order"),
        ("x_test", np.zeros((0, 6, 6), np.uint8), "do not hold"),
    ],
)
def test_a_bad_member_is_told(
    tmp_path: Path, arrays: Four, member: str, value: Any, message: str
) -> None:
    path = replaced(tmp_path / "bad.npz", arrays, **{member: value})
    with pytest.raises(DataError, match=message) as caught:
        read_npz(path)
    assert "no archive" not in str(caught.value)


def test_a_missing_member_and_file(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x_train=np.zeros((1, 2, 2), np.uint8))
    with pytest.raises(DataError, match="holds no y_train"):
        read_npz(tmp_path / "a.npz")
    with pytest.raises(DataError, match="no such file"):
        read_npz(tmp_path / "none.npz")


def test_the_limit_is_checked_before_reading(tmp_path: Path, arrays: Four) -> None:
    with pytest.raises(DataError, match="limit of 100"):
        read_npz(write_npz(tmp_path / "a.npz", arrays), max_bytes=100)


@pytest.mark.parametrize("shape", [(2**31, 28, 28), (9, 9)])
def test_an_announced_shape_must_be_held(tmp_path: Path, shape: tuple[int, ...]) -> None:
    header = io.BytesIO()
    described = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, described)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x_train.npy", header.getvalue() + bytes(5))
    with pytest.raises(DataError, match="do not hold"):
        read_npz(tmp_path / "a.npz")


def test_a_member_that_is_no_array(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x_train.npy", b"hello")
    with pytest.raises(DataError, match=r"no \.npy file"):
        read_npz(tmp_path / "a.npz")


def test_no_archive(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"PK nothing")
    with pytest.raises(DataError, match="cannot be read"):
        read_npz(tmp_path / "a.npz")


@settings(max_examples=80, deadline=None, database=None)
@given(data=st.data())
def test_any_damage_gives_arrays_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp()
    content = bytearray(
        write_npz(folder / "v.npz", some_arrays(np.random.default_rng(1), 2)).read_bytes()
    )
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.sampled_from([len(content), len(content) // 2, len(content) - 7]))
    (folder / "fuzzed.npz").write_bytes(content[:cut])
    try:
        arrays = read_npz(folder / "fuzzed.npz")
    except DataError:
        return
    assert all(array.dtype == np.uint8 for array in arrays)


def test_no_more_is_unpacked_than_is_announced(tmp_path: Path, arrays: Four) -> None:
    """64 MB that compress to nothing, in a member that says it has the few bytes of its array."""
    path, whole = tmp_path / "bomb.npz", io.BytesIO()
    np.save(whole, arrays[0])
    true, said = len(whole.getvalue()) + (1 << 26), len(whole.getvalue())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x_train.npy", whole.getvalue() + bytes(1 << 26))
    content = path.read_bytes()
    assert content.count(struct.pack("<I", true)) == 2  # before the member, and in the directory
    path.write_bytes(content.replace(struct.pack("<I", true), struct.pack("<I", said)))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="cannot be read"):
            read_npz(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 22
    finally:
        tracemalloc.stop()
