"""`convgan export`: what other programs say with the files is what convgan says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

import convgan
from convgan.config import Config, load_config, presets
from convgan.config.training import View
from convgan.data import load_dataset
from convgan.models import file_formats
from convgan.models.build import network_specs
from convgan.models.deployable import deployable_classifier, deployable_generator
from convgan.models.network_file import write_network
from convgan.models.pixels import to_uint8
from convgan.recipes import export as recipe
from convgan.runs import Run
from tests.models import small

from .commands import TINY_DCGAN, done, refused


def present(name: str) -> str:
    """Skip the test where a format's packages are not there."""
    for package in file_formats.EXTRAS.get(name, ()):
        pytest.importorskip(package)
    return name


def said(path: Path, **inputs: NDArray[Any]) -> NDArray[Any]:
    """What the Python on a file's card gives, run beside the file."""
    card = path.with_name(f"{path.name}.md").read_text(encoding="utf-8")
    code = card.partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {"inputs": inputs}
    exec(code.replace(f'("{path.name}")', f'(r"{path}")'), names)
    output = json.loads(path.with_name(f"{path.name}.json").read_text())["outputs"]
    return np.asarray(names[next(iter(output))])


@pytest.fixture(scope="module")
def classifier(out: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose probabilities are calibrated, and are of pictures and all views of them."""
    folder = tmp_path_factory.mktemp("views") / "classifier-fashion-0001"
    shutil.copytree(out / "classifier-fashion-0001", folder)
    run = Run.open(folder)
    run.keep_config(
        load_config(folder / "config.yaml", ["train.evaluate_views=[mirrored,shifted]"])
    )
    run.update(results=run.manifest["results"] | {"temperature": 0.7})
    return folder


@pytest.mark.parametrize("name", file_formats.FORMATS)
def test_a_classifier_says_what_predict_says(
    name: str, classifier: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = done("export", classifier, "--format", present(name), "-o", tmp_path)
    assert capfd.readouterr().err == ""
    path = tmp_path / f"classifier.{name}"
    assert text.startswith(f"{path}\nLargest difference from the network, in batches of 1 and 5: ")
    images = load_dataset(Run.open(classifier).config().data).test.images[:7]
    expected = convgan.load_run(classifier).predict(images)
    assert expected.std() > 0.01
    for count in (1, 7):
        found = said(path, images=images[:count])
        assert found.dtype == np.float32
        assert found.shape == (count, 10)
        np.testing.assert_allclose(found, expected[:count], atol=1e-5)


@pytest.mark.parametrize("name", file_formats.FORMATS)
def test_a_generator_makes_the_same_pictures(name: str, labelled: Run, tmp_path: Path) -> None:
    done("export", labelled.folder, "--format", present(name), "-o", tmp_path)
    rng = np.random.default_rng(3)
    z = rng.normal(size=(7, 64)).astype(np.float32)
    label = np.array([3, 9, 0, 3, 1, 5, 8], np.int32)
    network = convgan.load_run(labelled.folder).network("generator")
    expected = to_uint8(network([z, np.eye(10, dtype=np.float32)[label]])).numpy().astype(int)
    for count in (1, 7):
        images = said(tmp_path / f"generator.{name}", z=z[:count], label=label[:count])
        assert images.dtype == np.uint8
        assert images.shape == (count, 28, 28, 1)
        assert np.abs(images - expected[:count]).max() <= 1
        assert (images == expected[:count]).mean() > 0.999


def test_a_generator_without_classes_needs_none() -> None:
    network = small.generator(**small.GENERATOR)
    small.randomise(network)
    z = np.random.default_rng(0).normal(size=(3, 7)).astype(np.float32)
    images = deployable_generator(network)({"z": z})["images"]
    assert np.array_equal(images, to_uint8(network(z)))


def test_the_card_tells_a_stranger_the_rest(labelled: Run, tmp_path: Path) -> None:
    done("export", labelled.folder, "--format=keras", "-o", tmp_path, "--which=raw")
    card = json.loads((tmp_path / "generator_raw.keras.json").read_text())
    text = (tmp_path / "generator_raw.keras.md").read_text(encoding="utf-8")
    assert card["inputs"]["label"]["shape"] == ["N"]
    pictures = {"dtype": "uint8", "shape": ["N", 28, 28, 1], "range": "0 to 255"}
    assert card["outputs"] == {"images": pictures}
    assert card["classes"][8] == "Bag"
    assert (card["which"], card["epoch"], card["evaluation"]) == ("raw", 2, None)
    assert card["data"]["licence"] == "MIT"
    assert card["command"] == labelled.manifest["command"]
    for words in ("8 Bag", "MIT", "Not measured", card["network_sha256"], "| `z` | float32 | N ×"):
        assert words in text
    assert not re.search(r"\{\{|%\}|None", text)


def test_a_savedmodel_is_a_folder_that_is_replaced_whole(classifier: Path, tmp_path: Path) -> None:
    path = tmp_path / "classifier.savedmodel"
    path.mkdir()
    (path / "stray.txt").touch()
    done("export", classifier, "--format=savedmodel", "-o", tmp_path)
    card = json.loads((tmp_path / "classifier.savedmodel.json").read_text())
    files = [each for each in path.rglob("*") if each.is_file()]
    assert card["sha256"] == {
        each.relative_to(tmp_path).as_posix(): sha256(each.read_bytes()).hexdigest()
        for each in files
    }
    assert path / "saved_model.pb" in files
    assert path / "stray.txt" not in files
    assert len(list(tmp_path.iterdir())) == 3


def test_numbers_of_eval_are_those_of_this_network(classifier: Path, tmp_path: Path) -> None:
    done("eval", classifier)
    accuracy = json.loads((classifier / "eval/classifier.json").read_text())["accuracy"]
    done("export", classifier, "--format=keras", "-o", tmp_path)
    card = json.loads((tmp_path / "classifier.keras.json").read_text())
    assert card["evaluation"]["accuracy"] == accuracy
    shown = f"| accuracy | {100 * accuracy:.2f} % |"
    assert shown in (tmp_path / "classifier.keras.md").read_text(encoding="utf-8")
    run = Run.open(classifier)
    before = run.manifest["results"]
    run.update(results=before | {"step": before["step"] + 1})
    done("export", classifier, "--format=keras", "-o", tmp_path)
    run.update(results=before)
    assert json.loads((tmp_path / "classifier.keras.json").read_text())["evaluation"] is None


def test_what_says_something_else_is_not_there(
    classifier: Path, labelled: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def warmer(network: keras.Model, *, temperature: float, views: Sequence[View]) -> keras.Model:
        return deployable_classifier(network, temperature=temperature + 0.01, views=views)

    def lighter(network: keras.Model) -> keras.Model:
        copy = keras.models.clone_model(network)
        copy.set_weights(network.get_weights())
        copy.layers[-2].bias.assign_add([2e-3])
        return deployable_generator(copy)

    monkeypatch.setattr(recipe, "deployable_classifier", warmer)
    monkeypatch.setattr(recipe, "deployable_generator", lighter)
    for folder in (classifier, labelled.folder):
        message = refused(1, "export", folder, "--format=keras", "-o", tmp_path)
        assert "is not written: it gives other numbers than the network" in message
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be(classifier: Path, labelled: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    text = refused(2, "export", classifier, "--format=keras", "--which=raw")
    assert "--which raw is for generators" in text
    assert "kept no best" in refused(2, "export", labelled.folder, "--format=keras", "--which=best")
    assert "onnx" in refused(2, "export", classifier, "--format=onyx")
    there = find_spec
    monkeypatch.setattr(
        file_formats, "find_spec", lambda name: None if name == "ai_edge_litert" else there(name)
    )
    text = refused(2, "export", classifier, "--format=tflite")
    assert "--format tflite needs ai_edge_litert, not found here" in text
    assert 'pip install "convgan[tflite]"' in text


def untrained(out: Path, config: Config) -> Run:
    """A run of ten classes as if trained, with weights that leave no layer as it is at first."""
    run = Run.create(out, config.name, config)
    shape = (config.data.image_size or 28,) * 2 + (config.data.channels or 1,)
    rng = np.random.default_rng(0)
    for role, spec in network_specs(config, shape, 10).items():
        network = spec.build()
        for weight in network.weights:
            change = 0.05 * rng.normal(size=weight.shape)
            if weight.dtype == "float32":  # no seed of dropout
                weight.assign_add(np.abs(change) if "variance" in weight.path else change)
        write_network(run.folder / f"model/{role}.safetensors", role, network, spec)
    classes = {"clusters": False, "names": [*map(str, range(10))], "fractions": [0.1] * 10}
    run.update(results={"epoch": 1, "step": 1, "temperature": 0.6}, classes=classes)
    run.release()
    return run


ELSEWHERE = """
import sys

class Nowhere:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("convgan", "tests"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Nowhere())
import keras

network = keras.models.load_model(sys.argv[1])
print(sorted(network.input), sorted(network.output))
"""


@pytest.mark.slow
@pytest.mark.parametrize("preset", [*presets(), "bfloat16"])
def test_each_preset_in_each_format(preset: str, tmp_path: Path) -> None:
    if preset == "bfloat16":
        done("train-dcgan", *TINY_DCGAN, "--set=train.precision=mixed_bfloat16", "--out", tmp_path)
        run = Run.open(tmp_path / "dcgan-fashion-0001")
    else:
        run = untrained(tmp_path, load_config(preset))
    for name in file_formats.FORMATS:
        path, difference = recipe.export_network(run, present(name), None, tmp_path)
        assert difference < 1e-5
    ended = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    card = json.loads(path.with_name(f"{path.name}.json").read_text())
    assert ended.stdout.strip() == f"{sorted(card['inputs'])} {sorted(card['outputs'])}", (
        ended.stderr
    )
