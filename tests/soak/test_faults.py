"""Files of a run that were damaged, lost or left over."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import imageio.v3 as iio
import pytest
from safetensors.numpy import load_file

from convgan.arrays import form_of, read_arrays, read_header
from convgan.errors import DataError

from .conftest import Whole
from .runs import EPOCH_ENDS, assert_same, checkpoints, here, lines, run_in

Fault = Callable[[Path], object]


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    for place in range(middle, middle + 100):
        content[place] ^= 1
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("faults", "after_the_log"),
    [
        ((halve, flip), b'{"step": 57, "epo'),
        pytest.param(
            (empty, Path.unlink),
            b'\xff\x00 garbage\n{"step": 57, "loss": 1.0}\n',
            marks=pytest.mark.slow,
        ),
    ],
    ids=["halved and flipped", "emptied and deleted"],
)
def test_the_newest_whole_checkpoint_is_used(
    faults: tuple[Fault, Fault], after_the_log: bytes, run: Path, whole: Whole, tmp_path: Path
) -> None:
    *_, third, before, last = checkpoints(run)
    for fault, path in zip(faults, (before, last), strict=True):
        fault(path)
    damaged = [path for path in (last, before) if path.exists()]
    with (run / "metrics.jsonl").open("ab") as log:
        log.write(after_the_log)
    (run / "checkpoints" / f".{'0a' * 16}.safetensors").write_bytes(b"half a checkpoint")
    (run / f".{'1b' * 16}.json").write_text("{")
    result = here("classifier", tmp_path)
    assert result.exit_code == 0
    assert f"after step {int(third.stem[5:])}" in result.output
    aside = sorted(path.with_suffix(".damaged") for path in damaged)
    assert sorted((run / "checkpoints").glob("*.damaged")) == aside
    for path in aside:
        assert path.name in result.stderr
        path.unlink()
    assert_same(run, whole("classifier"))


def test_any_flipped_bit_is_found_or_harmless(run: Path) -> None:
    path = checkpoints(run)[-1]
    content = path.read_bytes()
    header, arrays = read_header(path), load_file(path)
    forms = {name: form_of(array) for name, array in arrays.items()}
    chance = random.Random(4)
    for place in [*range(200), *chance.sample(range(len(content)), 200)]:  # the header lies first
        flipped = bytearray(content)
        flipped[place] ^= 1 << chance.randrange(8)
        path.write_bytes(flipped)
        try:
            told, found = read_arrays(path, forms)
        except DataError:
            continue
        assert told == header
        assert all(found[name].tobytes() == arrays[name].tobytes() for name in arrays)


def test_without_a_whole_checkpoint_the_end_is_clear(run: Path, tmp_path: Path) -> None:
    """Also the second time: it never begins at the beginning, over what is there."""
    for path in checkpoints(run):
        flip(path)
    log = (run / "metrics.jsonl").read_bytes()
    for _ in range(2):
        result = here("classifier", tmp_path)
        assert result.exit_code == 1
        assert f"there is no whole checkpoint in {run / 'checkpoints'}" in result.stderr
        assert "Traceback" not in result.output
        assert (run / "metrics.jsonl").read_bytes() == log


def test_a_log_with_garbage_in_its_middle_goes_on_from_there(
    run: Path, whole: Whole, tmp_path: Path
) -> None:
    log = run / "metrics.jsonl"
    content = log.read_bytes().splitlines(keepends=True)
    content[20] = b'{"step": garbage}\n'
    log.write_bytes(b"".join(content))
    result = here("classifier", tmp_path)
    assert result.exit_code == 0
    assert "lacks its lines from step" in result.stderr
    expected = lines(whole("classifier"))
    assert lines(run) == [*expected[:20], *(line for line in expected if line["step"] > 56)]


@pytest.mark.parametrize("name", ["run.json", "config.yaml"])
@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", bytes(9)], ids=["empty", "torn", "list", "zeros"]
)
def test_a_damaged_manifest_or_configuration_is_said(
    name: str, content: bytes, run: Path, tmp_path: Path
) -> None:
    (run / name).write_bytes(content)
    result = here("classifier", tmp_path)
    assert result.exit_code == 2
    assert str(run / name) in result.stderr


@pytest.mark.slow
def test_a_sample_grid_that_is_lost_is_left_out_of_the_film(whole: Whole, tmp_path: Path) -> None:
    shutil.copytree(whole("dcgan").parent, tmp_path, dirs_exist_ok=True)
    run = run_in(tmp_path)
    assert run
    (run / "samples/epoch-0002.png").unlink()
    result = here("dcgan", tmp_path)
    assert result.exit_code == 0
    assert "lacks 1 of its sample grids" in result.stderr
    assert len(iio.imread(run / "training.gif")) == len(EPOCH_ENDS) - 1
    manifest = json.loads((run / "run.json").read_text())
    assert [sample["epoch"] for sample in manifest["samples"]] == [1, 3, 4, 5, 6]
