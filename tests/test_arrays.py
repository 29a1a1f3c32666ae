"""The checkpoint's file: what is written is read, and nothing else is believed."""

from __future__ import annotations

import json
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from convgan.training.checkpoint import (
    FORMAT,
    DamagedCheckpoint,
    read_arrays,
    read_header,
    write_checkpoint,
)

from convgan.errors import DataError, RunError

ARRAYS: dict[str, Any] = {
    "0000/kernel": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "0001/step": np.array(7, np.int64),
    "0002/nothing": np.zeros((0, 3), np.uint32),
}
HEADER = {"progress": {"step": 7, "best": {"loss": 0.1 + 0.2, "worst": float("inf")}}}


def written(folder: Path) -> Path:
    path = folder / "a.npz"
    write_checkpoint(path, HEADER, ARRAYS)
    return path


def read(path: Path) -> dict[str, Any]:
    return read_arrays(path, read_header(path), ARRAYS)


def rebuilt(path: Path, **members: bytes) -> None:
    """The same archive with other members, whose own checksums are right."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (contents | members).items():
            archive.writestr(name, content)


def told(path: Path, **changes: Any) -> None:
    header = json.dumps(read_header(path) | changes).encode()
    rebuilt(path, **{"header.json": header})


def told_of(path: Path, zeros: Any) -> dict[str, Any]:
    """A header that says what is expected."""
    header = read_header(path)
    return header | {"arrays": header["arrays"] | {"0003/zeros": [zeros.dtype.str, [5]]}}


def npy(array: Any) -> bytes:
    from io import BytesIO

    file = BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = written(tmp_path)
    header = read_header(path)
    assert header["progress"] == HEADER["progress"]
    assert header["format"] == FORMAT
    values = read(path)
    assert values.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert values[name].dtype == array.dtype
        assert np.array_equal(values[name], array)
    with np.load(path) as archive:  # with NumPy alone, too
        assert np.array_equal(archive["0000/kernel"], ARRAYS["0000/kernel"])


def test_damaged_bytes(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    kernel = whole.index(ARRAYS["0000/kernel"].tobytes())
    for place in (0, kernel + 20, len(whole) - 30):
        bad = bytearray(whole)
        bad[place] ^= 1
        path.write_bytes(bytes(bad))
        with pytest.raises(DamagedCheckpoint, match="is damaged"):
            read(path)
    for part in (b"", b"nonsense", whole[: len(whole) // 2], whole[:-10]):
        path.write_bytes(part)
        with pytest.raises(DamagedCheckpoint, match="is damaged"):
            read(path)
    path.unlink()
    with pytest.raises(RunError, match=r"cannot be read: .*No such file"):  # it may come back
        read(path)


def test_changes_that_the_archive_itself_does_not_notice(tmp_path: Path) -> None:
    path = written(tmp_path)
    rebuilt(path, **{"0000/kernel.npy": npy(ARRAYS["0000/kernel"] + 1)})
    with pytest.raises(DamagedCheckpoint, match="SHA-256 is not the one"):
        read(path)
    path = written(tmp_path)
    told(path, progress={"step": 8})
    with pytest.raises(DamagedCheckpoint, match="SHA-256 is not the one"):
        read(path)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (FORMAT + 1, "Update convgan"),
        (FORMAT - 1, "Go on with that version, or start the run anew"),
        ("x" * 1000, "start the run anew"),
        (None, "start the run anew"),
    ],
)
def test_another_format(found: Any, said: str, tmp_path: Path) -> None:
    path = written(tmp_path)
    told(path, format=found, convgan="9.9")
    with pytest.raises(DataError, match=said) as caught:
        read_header(path)
    assert not isinstance(caught.value, DamagedCheckpoint)  # it is not to be set aside
    assert len(str(caught.value)) < 400
    assert "'9.9'" in str(caught.value)


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"0000/kernel": np.zeros((2, 2), np.float32)}, r"kernel is \['<f4', \[2, 2\]\], expected"),
        ({"0000/kernel": np.zeros((2, 3, 4))}, r"\['<f8', \[2, 3, 4\]\], expected \['<f4'"),
        (
            {"extra": np.zeros(1)},
            r"4 found, 3 expected, 1 of them differ; extra is .*expected none",
        ),
    ],
)
def test_other_arrays_than_expected_are_named(
    others: dict[str, Any], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.npz"
    write_checkpoint(path, HEADER, ARRAYS | others)
    with pytest.raises(DataError, match=said) as caught:
        read(path)
    assert not isinstance(caught.value, DamagedCheckpoint)


def test_a_form_that_is_null_is_not_one_that_is_missing(tmp_path: Path) -> None:
    path = written(tmp_path)
    told(path, arrays=read_header(path)["arrays"] | {"more": None})
    with pytest.raises(DataError, match="1 of them differ; more is None, expected none"):
        read(path)


@pytest.mark.parametrize("other", [np.zeros(2), np.array([{}]), ARRAYS["0000/kernel"][:1]])
def test_a_member_that_is_not_what_the_header_says(other: Any, tmp_path: Path) -> None:
    """The second is a pickle, which is not opened."""
    path = written(tmp_path)
    rebuilt(path, **{"0000/kernel.npy": npy(other)})
    with pytest.raises(DamagedCheckpoint, match="kernel"):
        read(path)


def test_no_more_is_read_than_is_expected(tmp_path: Path) -> None:
    """Neither what a head announces nor what a compressed member unpacks to."""
    path = written(tmp_path)
    head = npy(ARRAYS["0000/kernel"])[:128]
    assert b"(2, 3, 4)" in head
    huge = head.replace(b"(2, 3, 4), }        ", b"(2, 30000, 40000), }")
    assert len(huge) == len(head)
    bomb = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(bomb, "w") as target:
        for name in archive.namelist():
            target.writestr(name, archive.read(name))
        target.writestr("0003/zeros.npy", bytes(300_000_000), zipfile.ZIP_DEFLATED)
    rebuilt(path, **{"0000/kernel.npy": huge})
    zeros = np.zeros(5)
    tracemalloc.start()
    for each in (path, bomb):
        with pytest.raises(DataError):
            read_arrays(each, told_of(each, zeros), ARRAYS | {"0003/zeros": zeros})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


@pytest.mark.parametrize(
    "header", [b"[]", b"{", b"[" * 100_000, b"\xff", struct.pack("<Q", 3), b'{"format": 1e999}']
)
def test_a_header_that_is_none(header: bytes, tmp_path: Path) -> None:
    path = written(tmp_path)
    rebuilt(path, **{"header.json": header})
    with pytest.raises(DataError):
        read_header(path)


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = written(tmp_path)
    before = path.read_bytes()

    class Bad:
        dtype, shape = np.dtype(float), ()

    with pytest.raises(Exception):  # noqa: B017, PT011
        write_checkpoint(path, HEADER, {"x": Bad()})  # type: ignore[dict-item]
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
