"""`convgan predict`: picture files to classes."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convgan.data import load_dataset
from convgan.models.network_file import read_network
from convgan.reporting.images import read_png, save_png
from convgan.runs import Run

from .commands import TINY_CLASSIFIER, convgan, done, refused

HELD_OUT = "--set=data.validation=0.2"


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one tiny run of a classifier of digits."""
    out = tmp_path_factory.mktemp("digits")
    done("train-classifier", *TINY_CLASSIFIER, HELD_OUT, "--out", out)
    return out


@pytest.fixture(scope="module")
def files(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with five test pictures of MNIST, one of them in a subfolder."""
    folder = tmp_path_factory.mktemp("files")
    test = load_dataset(Run.open(digits / "classifier-mnist-0001").config().data).test
    for index, image in enumerate(test.images[:5]):
        save_png(folder / ("more" if index == 4 else "") / f"{index}.png", image)
    return folder


def test_probabilities_are_the_calibrated_network_s(digits: Path, files: Path) -> None:
    found = json.loads(done("predict", "classifier-mnist", files, "--out", digits, "--json"))
    run = Run.open(digits / "classifier-mnist-0001")
    network = read_network(run.folder / "model/classifier.safetensors").network
    assert [Path(row["file"]).name for row in found] == [
        "0.png",
        "1.png",
        "2.png",
        "3.png",
        "4.png",
    ]
    for row in found:
        image = read_png(Path(row["file"]))[None].astype(np.float32) / 127.5 - 1
        logits = network(image, training=False).numpy()[0] / run.manifest["results"]["temperature"]
        expected = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        assert list(row["probabilities"].values()) == pytest.approx(expected.tolist(), abs=1e-5)
        assert row["probability"] == max(row["probabilities"].values())
        assert row["class"] == list(row["probabilities"])[int(expected.argmax())]


def test_a_table_and_what_the_network_saw(digits: Path, files: Path, tmp_path: Path) -> None:
    options: list[str | Path] = ["--out", digits, "--top=3", "--show", tmp_path]
    text = done("predict", "classifier-mnist", files / "0.png", *options)
    assert "as it is" in text
    assert text.count(" %") == 3
    shown = read_png(tmp_path / "0001-0.png")
    assert np.array_equal(shown[::8, ::8], read_png(files / "0.png"))


def test_a_bad_file_costs_no_other_its_result(digits: Path, files: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    Image.new("L", (50, 50), 200).save(tmp_path / "empty.png")
    given = [files / "1.png", tmp_path / "bad.png", tmp_path / "empty.png", files / "2.png"]
    result = convgan("predict", "classifier-mnist", *given, "--json", "--out", digits)
    assert result.exit_code == 2
    assert [Path(row["file"]).name for row in json.loads(result.stdout)] == ["1.png", "2.png"]
    assert "bad.png is no picture of PNG, JPEG" in result.stderr
    assert "empty.png: no digit found: nothing on it stands out" in result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_of_files_are_told_as_they_are_and_shown_harmless(
    digits: Path, files: Path, tmp_path: Path
) -> None:
    names = {"</script>/\"'.png", "two\nlines.png", "\x1b[31mred\x1b[2J.png", "\udcff.png"}
    for name in names:
        path = tmp_path / "own" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(files / "0.png", path)
    (tmp_path / "own" / "\x1b[1mbad\n.png").write_bytes(b"no picture")
    asked = ["predict", "classifier-mnist", str(tmp_path / "own"), "--out", str(digits)]
    found = json.loads(convgan(*asked, "--json").stdout)
    assert {str(Path(row["file"]).relative_to(tmp_path / "own")) for row in found} == names
    result = convgan(*asked, "--show", tmp_path / "seen", color=True)
    assert result.exit_code == 2
    assert "\x1b" not in result.output
    for shown in ("</script>/\"'.png", "two\\nlines.png", "\\x1b[31mred\\x1b[2J", "\\udcff.png"):
        assert shown in result.stdout
    assert "\\x1b[1mbad\n.png is no picture" in result.stderr
    assert len(result.stdout.splitlines()) == 3 + len(found)
    assert len(list((tmp_path / "seen").iterdir())) == len(found)


def test_a_pattern_and_a_file_given_twice(digits: Path, files: Path) -> None:
    given: list[str | Path] = [str(files / "*.png"), files / "0.png"]
    found = json.loads(done("predict", "classifier-mnist", *given, "--json", "--out", digits))
    assert len(found) == 4


def test_clothes_are_cropped_and_resized_as_in_training(out: Path, tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "wide.jpg")
    Image.fromarray(picture[:, 10:50]).convert("RGBA").save(tmp_path / "square.png")
    options: list[str | Path] = ["--json", "--show", tmp_path / "seen", "--out", out]
    found = json.loads(done("predict", "classifier-fashion", tmp_path, *options))
    assert list(found[0]["probabilities"])[:2] == ["T-shirt/top", "Trouser"]
    seen = [read_png(path)[::8, ::8].astype(int) for path in sorted((tmp_path / "seen").iterdir())]
    assert np.abs(seen[0] - seen[1]).mean() < 12  # but for JPEG's losses the same


def test_what_cannot_be(digits: Path, out: Path, tmp_path: Path) -> None:
    said = refused(2, "predict", "classifier-mnist", tmp_path, "--out", digits)
    assert "there is no picture at" in said
    said = refused(2, "predict", "classifier-mnist", "nothing*.png", "--out", digits)
    assert "expected a file, folder or pattern" in said
    said = refused(2, "predict", out / "dcgan-fashion-0001", "a.png", "--out", digits)
    assert "is a dcgan run, expected a classifier run" in said
