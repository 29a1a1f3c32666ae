"""Files of arrays: what is written is read, and nothing else is believed."""

from __future__ import annotations

import errno
import json
import os
import stat
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from convgan.arrays import (
    FORMAT,
    DamagedFile,
    form_of,
    read_arrays,
    read_header,
    write_arrays,
)
from convgan.errors import DataError, RunError

ARRAYS: dict[str, Any] = {
    "model/000/kernel": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "step": np.array(7, np.int64),
    "nothing": np.zeros((0, 3), np.uint32),
    "seed": np.array([3, 5], np.uint8),
}
FORMS = {name: form_of(array) for name, array in ARRAYS.items()}
HEADER = {"progress": {"step": 7, "best": {"loss": 0.1 + 0.2, "worst": float("inf")}}}


def written(folder: Path) -> Path:
    path = folder / "a.safetensors"
    write_arrays(path, HEADER, ARRAYS)
    return path


def read(path: Path) -> dict[str, Any]:
    return read_arrays(path, FORMS)[1]


def head_of(path: Path) -> tuple[dict[str, Any], bytes]:
    """What stands before the arrays, and their bytes."""
    content = path.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:end]), content[end:]


def put_together(path: Path, head: bytes, body: bytes, length: int | None = None) -> None:
    announced = len(head) if length is None else length
    path.write_bytes(announced.to_bytes(8, "little") + head + body)


def told(path: Path, **changes: Any) -> None:
    """Write another header, and leave the checksum."""
    head, body = head_of(path)
    head["__metadata__"]["convgan"] = json.dumps(read_header(path) | changes)
    put_together(path, json.dumps(head).encode(), body)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = written(tmp_path)
    header, values = read_arrays(path, FORMS)
    assert header["progress"] == HEADER["progress"]
    assert header["format"] == FORMAT
    assert read_header(path) == header
    assert values.keys() == ARRAYS.keys()
    others = load_file(path)  # without convgan, too
    for name, array in ARRAYS.items():
        for value in (values[name], others[name]):
            assert form_of(value) == form_of(array)
            assert np.array_equal(value, array)


def test_the_checksum_is_of_all_that_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a"
    digest = write_arrays(path, HEADER, ARRAYS)
    assert read_header(path)["sha256"] == digest
    assert write_arrays(tmp_path / "b", HEADER, dict(reversed(ARRAYS.items()))) == digest
    for header, arrays in (
        (HEADER | {"more": 1}, ARRAYS),
        (HEADER, ARRAYS | {"step": np.array(8, np.int64)}),
        (HEADER, ARRAYS | {"step": np.array([7], np.int64)}),
        (HEADER, {name.replace("step", "stop"): array for name, array in ARRAYS.items()}),
    ):
        assert write_arrays(path, header, arrays) != digest


def test_arrays_that_do_not_lie_in_one_piece(tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4).T[::2]
    write_arrays(tmp_path / "a", {}, {"x": array})
    assert np.array_equal(read_arrays(tmp_path / "a", {"x": form_of(array)})[1]["x"], array)


def test_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    """Or it is harmless: a space that JSON does not see."""
    path = written(tmp_path)
    whole = path.read_bytes()
    harmless = []
    for index in range(len(whole)):
        for bit in (1, 128):
            bad = bytearray(whole)
            bad[index] ^= bit
            path.write_bytes(bytes(bad))
            try:
                values = read(path)
            except DataError:
                continue
            harmless.append(index)
            assert all(np.array_equal(values[name], ARRAYS[name]) for name in ARRAYS)
    head = whole[: len(whole) - sum(form.nbytes for form in FORMS.values())]
    assert all(index < len(head) for index in harmless)
    assert len(harmless) < 10


def test_damaged_bytes_are_said_to_be_so(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    kernel = whole.index(ARRAYS["model/000/kernel"].tobytes())
    bad = bytearray(whole)
    bad[kernel + 20] ^= 1
    path.write_bytes(bytes(bad))
    with pytest.raises(DamagedFile, match="SHA-256 is not the one written with it"):
        read(path)


@pytest.mark.parametrize("step", [1, 7])
def test_a_file_that_was_cut_off_or_goes_on(step: int, tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    for length in range(0, len(whole), step):
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedFile, match="is damaged"):
            read(path)
    for more in (b"\0", b"\0" * 4096, whole):
        path.write_bytes(whole + more)
        with pytest.raises(DamagedFile, match="bytes are not those of its arrays"):
            read(path)


def test_what_is_not_there_may_come_back(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"cannot be read: .*No such file"):
        read(tmp_path / "a")
    with pytest.raises(RunError, match=r"cannot be read: .*[Dd]irectory"):
        read(tmp_path)


def test_another_header(tmp_path: Path) -> None:
    path = written(tmp_path)
    told(path, progress={"step": 8})
    with pytest.raises(DamagedFile, match="SHA-256 is not the one"):
        read(path)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (FORMAT + 1, "Update convgan"),
        (FORMAT - 1, "Go on with that version, or start the run anew"),
        ("x" * 1000, "start the run anew"),
        (None, "start the run anew"),
        ([[]] * 1000, "start the run anew"),
    ],
)
def test_another_format(found: Any, said: str, tmp_path: Path) -> None:
    path = written(tmp_path)
    told(path, format=found, convgan="9.9")
    for reader in (read, read_header):
        with pytest.raises(DataError, match=said) as caught:
            reader(path)
        assert not isinstance(caught.value, DamagedFile)  # it is not to be set aside
        assert len(str(caught.value)) < 400
        assert "'9.9'" in str(caught.value)


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (
            {"model/000/kernel": np.zeros((2, 2), np.float32)},
            r"1 of them differ; model/000/kernel is float32 \(2, 2\), expected float32 \(2, 3, 4\)",
        ),
        (
            {"model/000/kernel": np.zeros((2, 3, 4), np.int32)},
            r"kernel is int32 \(2, 3, 4\), expected float32",
        ),
        (
            {"extra": np.zeros(1, np.float32)},
            r"5 arrays found, 4 expected, 1 of them differ; "
            r"extra is float32 \(1,\), expected not there",
        ),
    ],
)
def test_other_arrays_than_expected_are_named(
    others: dict[str, Any], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    write_arrays(path, HEADER, ARRAYS | others)
    with pytest.raises(DataError, match=said) as caught:
        read(path)
    assert not isinstance(caught.value, DamagedFile)


def test_a_missing_array_is_named(tmp_path: Path) -> None:
    path = written(tmp_path)
    more = FORMS | {"more": form_of(np.zeros(2, np.float32))}
    with pytest.raises(DataError, match=r"more is not there, expected float32 \(2,\)"):
        read_arrays(path, more)


def moved(head: dict[str, Any]) -> None:
    """Two arrays from the same bytes, and bytes of none."""
    head["step"]["data_offsets"] = head["model/000/kernel"]["data_offsets"]


def longer(head: dict[str, Any]) -> None:
    head["step"]["data_offsets"][1] += 8


def negative(head: dict[str, Any]) -> None:
    head["step"]["data_offsets"] = [-8, 0]


def no_metadata(head: dict[str, Any]) -> None:
    del head["__metadata__"]


def not_text(head: dict[str, Any]) -> None:
    head["__metadata__"]["convgan"] = "{"


def a_list(head: dict[str, Any]) -> None:
    head["__metadata__"]["convgan"] = "[]"


def another_type(head: dict[str, Any]) -> None:
    head["step"]["dtype"] = "F8_E4M3"


def huge(head: dict[str, Any]) -> None:
    head["step"]["shape"] = [10**6, 10**6, 10**6]


def deep(head: dict[str, Any]) -> None:
    head["step"]["shape"] = "x"


@pytest.mark.parametrize(
    "change",
    [moved, longer, negative, no_metadata, not_text, a_list, another_type, huge, deep],
)
def test_a_head_that_does_not_fit_its_arrays(
    change: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    path = written(tmp_path)
    head, body = head_of(path)
    change(head)
    put_together(path, json.dumps(head).encode(), body)
    with pytest.raises(DataError):
        read(path)


@pytest.mark.parametrize(
    "head",
    [b"", b"[]", b"{", b"[" * 100_000, b"\xff", b"1" * 5000, b'{"a": null}', b"null", b'"x"'],
)
def test_a_head_that_is_none(head: bytes, tmp_path: Path) -> None:
    path = written(tmp_path)
    put_together(path, head, b"")
    for reader in (read, read_header):
        with pytest.raises(DamagedFile, match="is damaged"):
            reader(path)


def test_nothing_is_allocated_that_is_not_expected(tmp_path: Path) -> None:
    """Neither what a head announces, nor arrays of another form, nor a file of gigabytes."""
    path = written(tmp_path)
    head, body = head_of(path)
    announced, larger, sparse = (tmp_path / name for name in ("announced", "larger", "sparse"))
    put_together(announced, json.dumps(head).encode(), body, length=3 << 30)
    os.truncate(announced, 4 << 30)
    larger.write_bytes(save({"x": np.zeros(1)}, {"convgan": json.dumps({"format": FORMAT})}))
    big, _ = head_of(larger)
    big["x"] |= {"dtype": "F32", "shape": [1 << 28], "data_offsets": [0, 1 << 30]}
    put_together(larger, json.dumps(big).encode(), b"")
    os.truncate(larger, larger.stat().st_size + (1 << 30))
    put_together(sparse, json.dumps(head).encode(), body)
    os.truncate(sparse, 4 << 30)
    tracemalloc.start()
    for each in (announced, larger, sparse):
        with pytest.raises(DataError):
            read(each)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640)])
def test_others_may_read_it_as_the_umask_says(umask: int, mode: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        path = written(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path)
    before = path.read_bytes()

    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(RunError, match=r"cannot write .*No space left on device"):
        write_arrays(path, HEADER, ARRAYS)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), MemoryError()])
def test_a_disk_or_memory_that_fails_now(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path)

    def fails(self: Path) -> bytes:
        raise error

    monkeypatch.setattr(Path, "read_bytes", fails)
    with pytest.raises(RunError, match="cannot be read"):
        read(path)


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = written(tmp_path)
    before = path.read_bytes()
    with pytest.raises(Exception, match="object"):
        write_arrays(path, HEADER, {"x": np.array([{}])})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
