"""`.keras` files: what convgan writes is loaded, and what else may stand in them is refused."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np
import pytest
from convgan.models.keras_config import count_parameters
from convgan.models.keras_file import load_keras_file
from keras import layers

from convgan.config import ClassifierConfig, DiscriminatorConfig, GeneratorConfig
from convgan.errors import DataError
from convgan.models import keras_config, keras_file
from convgan.models.classifier import build_classifier
from convgan.models.dcgan import build_discriminator, build_generator

BLOCKS: list[dict[str, Any]] = [
    {"filters": 3, "stride": 2, "padding": 1, "norm": "batch", "downsample": "max_pool"},
    {"filters": 5, "stride": 2, "padding": "valid", "spectral_norm": True, "dropout": 0.3},
    {"filters": 2, "kernel": 2, "stride": 2, "downsample": "average_pool", "activation": "selu"},
]
HIDDEN: list[dict[str, Any]] = [
    {"units": 6, "norm": "batch", "activation": "leaky_relu"},
    *({"units": 4, "activation": activation} for activation in ("linear", "elu", "silu", "tanh")),
]
NETWORKS: dict[str, Callable[[], keras.Model]] = {
    "flat": lambda: build_classifier(
        ClassifierConfig.model_validate({"blocks": BLOCKS, "input_range": "[0, 1]"}), (33, 26, 2), 7
    ),
    "averaged": lambda: build_classifier(
        ClassifierConfig.model_validate(
            {"blocks": BLOCKS[:1], "flatten": "average", "hidden": HIDDEN}
        ),
        (33, 26, 2),
        7,
    ),
    "discriminator": lambda: build_discriminator(
        DiscriminatorConfig.model_validate(
            {"blocks": BLOCKS[:1], "output_spectral_norm": True, "init_stddev": 0.02}
        ),
        (33, 26, 2),
    ),
    "generator": lambda: build_generator(
        GeneratorConfig.model_validate(
            {
                "latent_dim": 5,
                "projection": {"size": 3, "filters": 4},
                "blocks": [{"filters": 2, "kernel": 2, "stride": 3, "padding": "valid"}],
            }
        ),
        3,
    ),
    "sequential": lambda: keras.Sequential([layers.Input((3, 2, 1)), layers.Flatten()]),
}


@pytest.fixture(params=["float32", "mixed_bfloat16"])
def precision(request: pytest.FixtureRequest) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield
    keras.config.set_dtype_policy(before)


def saved(network: keras.Model, folder: Path) -> Path:
    network.save(folder / "a.keras")
    return folder / "a.keras"


def config_of(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("config.json"))


def rewrite(path: Path, **contents: bytes) -> Path:
    """Write the archive anew with other contents: `config`, `metadata` or `model`."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, contents.get(name.split(".")[0], content))
    return path


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        load_keras_file(path)
    said = str(caught.value)
    assert said.startswith(f"{path} cannot be read as a Keras model: ")
    return said


@pytest.mark.parametrize("name", NETWORKS)
def test_what_convgan_builds_is_loaded(name: str, precision: None, tmp_path: Path) -> None:
    network = NETWORKS[name]()
    path = saved(network, tmp_path)
    loaded = load_keras_file(path)
    for got, expected in zip(loaded.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(got, expected)
    assert count_parameters(config_of(path)) == network.count_params()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file of a network with a convolution, a normalisation and a dense layer."""
    model = ClassifierConfig.model_validate({"blocks": [{"filters": 3, "norm": "batch"}]})
    return saved(build_classifier(model, (5, 4, 1), 2), tmp_path_factory.mktemp("a")).read_bytes()


@pytest.fixture
def path(written: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "a.keras"
    path.write_bytes(written)
    return path


CONV, NORM, ACTIVATION, DENSE = 1, 2, 3, -2


def settings(tree: Any, place: int) -> Any:
    return tree["config"]["layers"][place]["config"]


def put(place: int, **values: Any) -> Callable[[Any], None]:
    return lambda tree: settings(tree, place).update(values)


def outside(place: int, **values: Any) -> Callable[[Any], None]:
    return lambda tree: tree["config"]["layers"][place].update(values)


LAMBDA = {"module": "keras.layers", "class_name": "Lambda"}
FUNCTIONAL = {"module": "keras", "class_name": "Functional"}
EVAL = {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "eval"}
BOMB = {"class_name": "__numpy__", "config": {"value": "", "dtype": "S1000000000"}}
SHARED = {"module": "keras.initializers", "class_name": "Constant", "config": {"value": 0.5},
          "registered_name": None}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (outside(DENSE, **LAMBDA), "a layer is 'Lambda', expected one of InputLayer"),
        (outside(DENSE, class_name=["Dense"]), r"a layer is ['Dense']"),
        (outside(DENSE, module="os"), "is of 'os', expected keras.layers"),
        (outside(DENSE, registered_name="mine>Dense"), "Dense is of"),
        (outside(DENSE, shared_object_id=1), "'shared_object_id', which Keras does not write"),
        (outside(DENSE, name="other"), "must be called once"),
        (outside(DENSE, inbound_nodes=[]), "must be called once"),
        (outside(DENSE, build_config={"input_shape": [None, 10**12]}), "Dense was built for"),
        (outside(DENSE, build_config={"shapes_dict": {"a": [None, 9]}}), "Dense was built for"),
        (outside(CONV, build_config=None), "Conv2D was built for None, but is given (5, 4, 1)"),
        (outside(0, class_name="Flatten"), "must be an InputLayer"),
        (put(DENSE, units=10**9), "Dense has 'units': 1000000000"),
        (put(DENSE, units=10**7), "logits must be called once, on what classes gives"),
        (put(DENSE, units=-5), "'units': -5"),
        (put(DENSE, units=True), "'units': true"),
        (put(DENSE, units=2.0), "'units': 2.0"),
        (put(DENSE, lora_rank=10**6), "'lora_rank': 1000000"),
        (put(DENSE, activation=EVAL), "Dense has 'activation': {"),
        (put(DENSE, kernel_initializer=SHARED), "Dense has 'kernel_initializer'"),
        (put(DENSE, kernel_regularizer="l2"), "Dense has 'kernel_regularizer'"),
        (put(DENSE, kernel_constraint=BOMB), "Dense has 'kernel_constraint'"),
        (put(DENSE, dtype="int8_from_float32"), "Dense has 'dtype'"),
        (put(CONV, kernel_size=[40000, 40000]), "parameters, its weights have"),
        (put(CONV, groups=3), "Conv2D has 'groups': 3"),
        (put(CONV, data_format="channels_first"), "Conv2D has 'data_format'"),
        (put(CONV, padding="valid", kernel_size=[9, 9]), "Conv2D cannot take (5, 4, 1): got 5"),
        (put(NORM, axis=1), "BatchNormalization has 'axis': 1"),
        (put(ACTIVATION, activation="eval"), "Activation has 'activation'"),
        (put(0, batch_shape=[None, 60000, 60000, 1]), "InputLayer gives (60000, 60000, 1)"),
        (put(0, batch_shape=[2, 5, 4, 1]), "InputLayer has 'batch_shape'"),
        (put(CONV, name="a/../b"), "Conv2D has 'name'"),
        (lambda tree: tree.update(class_name="Model"), "config.json describes no model of"),
        (lambda tree: tree.update(module="mine"), "Functional is of 'mine'"),
        (lambda tree: tree.update(build=1), "Functional has 'build'"),
        (lambda tree: tree.update(config=None), "Functional has no settings"),
        (lambda tree: tree["config"].update(layers=[]), "no list of 2 to 300 layers"),
        (lambda tree: tree["config"].update(custom=1), "Functional has 'custom'"),
        (lambda tree: tree["config"]["layers"].append(FUNCTIONAL), "a layer is 'Functional'"),
    ],
)  # fmt: skip
def test_another_description_is_refused(
    path: Path, change: Callable[[Any], None], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras.models, "load_model", None)  # before Keras sees it
    tree = config_of(path)
    change(tree)
    found = refused(rewrite(path, config=json.dumps(tree).encode()))
    assert said in found


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (b"[]", "describes no model"),
        (b"{", "Expecting property name"),
        (b'{"a": NaN}', "has the number NaN"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a number of 5,000 digits"),
        (b"[" * 100_000, "recursion"),
        (b" " * (1 << 21) + b" ", "config.json has 2,097,153 bytes"),
    ],
)
def test_what_is_no_description_is_refused(path: Path, config: bytes, said: str) -> None:
    assert said in refused(rewrite(path, config=config))


def test_spectral_normalisation_counts_what_it_holds(tmp_path: Path) -> None:
    critic = DiscriminatorConfig.model_validate({"blocks": [{"filters": 3, "spectral_norm": True}]})
    path = saved(build_discriminator(critic, (5, 4, 1)), tmp_path)
    tree = config_of(path)
    settings(tree, 1)["layer"]["config"]["kernel_size"] = [40000, 40000]
    assert "parameters, its weights have" in refused(
        rewrite(path, config=json.dumps(tree).encode())
    )
    settings(tree, 1)["layer"] |= LAMBDA
    assert "a layer is 'Lambda'" in refused(rewrite(path, config=json.dumps(tree).encode()))


def test_a_layer_that_gives_too_much_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras_config, "MAX_VALUES", 5 * 4 * 3 - 1)
    assert "Conv2D gives (5, 4, 3), which is more than 59 numbers" in refused(path)


def weights(**arrays: Any) -> h5py.File:
    file = h5py.File(io.BytesIO(), "w")
    for name, array in arrays.items():
        file[name] = array
    return file


def with_external_link(file: h5py.File) -> None:
    file["layers"] = h5py.ExternalLink("/etc/passwd", "/")


def with_soft_link(file: h5py.File) -> None:
    file["layers"] = h5py.SoftLink("/a")


def with_a_circle(file: h5py.File) -> None:
    file["a/b"] = file["/"]


def with_external_storage(file: h5py.File) -> None:
    file.create_dataset("a", (9,), "u1", external=[("/etc/passwd", 0, 9)])


def with_virtual_storage(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((9,), "u1")
    layout[:] = h5py.VirtualSource("/etc/passwd", "a", (9,))
    file.create_virtual_dataset("a", layout)


def with_compression(file: h5py.File) -> None:
    file.create_dataset("a", data=np.zeros(10**6), compression="gzip")


def with_a_fill_value(file: h5py.File) -> None:
    file.create_dataset("a", (10**6,), "f4")


def with_objects(file: h5py.File) -> None:
    file["a"] = np.array(["text"], dtype=h5py.string_dtype())


def with_an_attribute(file: h5py.File) -> None:
    file["a"] = np.zeros(3)
    file["a"].attrs["dtype"] = "bfloat16"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (with_external_link, "'layers', a ExternalLink"),
        (with_soft_link, "'layers', a SoftLink"),
        (with_a_circle, "'a' twice"),
        (with_external_storage, "does not lie in one piece"),
        (with_virtual_storage, "does not lie in one piece"),
        (with_compression, "does not lie in one piece"),
        (with_a_fill_value, "which their bytes cannot hold"),
        (with_objects, "expected an array of numbers"),
        (with_an_attribute, "expected an array of numbers"),
    ],
)
def test_weights_that_do_not_lie_in_the_file_are_refused(
    path: Path, make: Callable[[h5py.File], None], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras.models, "load_model", None)
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        make(file)
        file["padding"] = np.zeros(200, np.float32)  # as many bytes as there are parameters
    assert said in refused(rewrite(path, model=stream.getvalue()))


def test_weights_of_another_network_are_refused(path: Path, tmp_path: Path) -> None:
    other = saved(NETWORKS["flat"](), tmp_path / "..")
    with zipfile.ZipFile(other) as archive:
        assert "could not be loaded" in refused(
            rewrite(path, model=archive.read("model.weights.h5"))
        )


@pytest.mark.parametrize("name", ["../a", "assets/a", "config.json", "model.weights.npz"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_another_member_is_refused(path: Path, name: str) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"{}")
    assert "expected ['config.json', 'metadata.json', 'model.weights.h5']" in refused(path)


def test_a_compressed_member_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert "is compressed, which Keras does not do" in refused(path)


def test_a_file_that_is_too_large_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras_file, "MAX_FILE_BYTES", 1000)
    assert "at most 1,000" in refused(path)


def test_members_must_fit_into_the_file(path: Path) -> None:
    content = path.read_bytes()
    entry = content.rindex(b"PK\1\2")  # of model.weights.h5 in the directory: both its sizes
    path.write_bytes(content[: entry + 20] + b"\0\0\0\x30" * 2 + content[entry + 28 :])
    assert "announce 805,3" in refused(path)
