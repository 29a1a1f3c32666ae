"""Networks as files: what is written computes the same when read, and what else there is is not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from convgan.arrays import read_header, write_arrays
from convgan.errors import DataError, RunError
from convgan.models.build import NetworkSpec, Role
from convgan.models.network_file import (
    MAX_VALUES,
    SavedNetwork,
    named_variables,
    read_network,
    write_keras,
    write_network,
)

from .small import BLOCK, NETWORKS, REGISTERED, inputs_of, randomise
from .test_layer_table import HUGE, peak_bytes

PROBE = "outputs for fixed inputs"


def made(name: str) -> tuple[Role, keras.Model, NetworkSpec]:
    role, each = NETWORKS[name]
    network = each.build()
    randomise(network)
    return role, network, each


def outputs(network: keras.Model) -> Any:
    return np.asarray(network(inputs_of(network), training=False))


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_written_is_read(name: str, tmp_path: Path) -> None:
    role, network, each = made(name)
    path = tmp_path / "a.safetensors"
    digest = write_network(path, role, network, each)
    saved = read_network(path)
    assert isinstance(saved, SavedNetwork)
    assert saved.spec == each
    assert saved.sha256 == digest == read_header(path)["sha256"]
    assert [layer.name for layer in saved.network.layers] == [
        layer.name for layer in network.layers
    ]
    for got, expected in zip(saved.network.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(got, expected)
    np.testing.assert_allclose(outputs(saved.network), outputs(network), rtol=1e-4, atol=1e-5)


def test_names_of_weights_do_not_count() -> None:
    first, second = (made("hidden layer")[1] for _ in range(2))
    names = list(named_variables("classifier", first.weights))
    assert names == list(named_variables("classifier", second.weights))
    assert names[0] == "classifier/000/block1_conv/kernel"
    assert len(set(names)) == len(first.weights)


def test_the_hash_is_of_the_weights_and_the_section(tmp_path: Path) -> None:
    role, network, each = made("batch norm")
    digest = write_network(tmp_path / "a", role, network, each)
    assert write_network(tmp_path / "b", role, network, each) == digest
    network.layers[-2].bias.assign_add([1e-3])
    assert write_network(tmp_path / "b", role, network, each) != digest


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a network with a convolution, a normalisation and a dense layer."""
    role, network, each = made("batch norm")
    path = tmp_path_factory.mktemp("a") / "a.safetensors"
    write_network(path, role, network, each)
    return path.read_bytes()


@pytest.fixture
def path(written: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "a.safetensors"
    path.write_bytes(written)
    return path


@pytest.fixture
def nothing_is_built(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Fail where a network is made for more than its shapes; yield the memory before."""

    def refuse(self: NetworkSpec) -> None:
        raise AssertionError("built before it was checked")

    build = NetworkSpec.build

    def symbolically_only(self: NetworkSpec) -> Any:
        from keras.src.backend.common.stateless_scope import in_stateless_scope

        return build(self) if in_stateless_scope() else refuse(self)

    monkeypatch.setattr(NetworkSpec, "build", symbolically_only)
    before = peak_bytes()
    yield before
    assert peak_bytes() - before < 200_000_000


def rewritten(path: Path, section: dict[str, Any] | None = None, **header: Any) -> Path:
    """Write the file anew with another header or section, and the checksum that it needs."""
    told = read_header(path)
    told.pop("sha256")
    told |= header
    if section:
        told["discriminator"] |= section
    write_arrays(path, told, arrays_of(path))
    return path


def arrays_of(path: Path) -> dict[str, Any]:
    from safetensors.numpy import load_file

    return load_file(path)


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_network(path)
    said = str(caught.value)
    assert str(path) in said
    assert len(said) < 1000
    return said


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "is missing: the run has not finished its first epoch" in refused(tmp_path / "a")


def test_flipped_bytes(path: Path, written: bytes, nothing_is_built: int) -> None:
    rng = np.random.default_rng(0)
    for index in [*range(8), *rng.integers(8, len(written), 60)]:
        bad = bytearray(written)
        bad[index] ^= 64
        path.write_bytes(bytes(bad))
        with pytest.raises(DataError):
            read_network(path)


def test_a_file_that_was_cut_off_or_goes_on(
    path: Path, written: bytes, nothing_is_built: int
) -> None:
    for content in (b"", written[:9], written[:300], written[:-1], written + b"\0", written * 2):
        path.write_bytes(content)
        assert "is damaged" in refused(path)


def test_a_header_of_gigabytes(path: Path, written: bytes, nothing_is_built: int) -> None:
    path.write_bytes((5 << 30).to_bytes(8, "little") + written[8:])
    assert "is damaged: it announces a header of 5,368,709,120 bytes" in refused(path)


def test_another_networks_weights(path: Path, nothing_is_built: int) -> None:
    said = refused(rewritten(path, {"blocks": [BLOCK | {"filters": 7, "padding": 1}]}))
    assert "does not hold what this configuration needs" in said
    assert "expected float32 (3, 3, 3, 7)" in said


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "unknown name": ({"discriminator": {"name": "dcgann"}}, "did you mean 'dcgan'"),
    "no name": ({"discriminator": {}}, "blocks"),
    "unknown key": ({"discriminator": {"name": "dcgan", "block": []}}, "did you mean 'blocks'"),
    "name of another kind": ({"discriminator": {"name": ["dcgan"]}}, "no discriminator"),
    "out of range": (
        {"discriminator": {"name": "dcgan", "blocks": [{"filters": 10**9}]}},
        "less than or equal to 65536",
    ),
    "text": ({"discriminator": "resnet"}, "stem"),
    "number": ({"discriminator": 5}, "discriminator"),
    "image of no pixels": ({"image_shape": [0, 6, 3]}, "greater than or equal to 1"),
    "image too large": ({"image_shape": [10**6, 6, 3]}, "less than or equal to 4096"),
    "two axes": ({"image_shape": [8, 6]}, "image_shape"),
    "classes": ({"num_classes": 10**6}, "less than or equal to 65536"),
    "no network": ({"discriminator": None}, "it describes 0 networks, expected one"),
    "two networks": (
        {"classifier": {"name": "classifier", "blocks": [BLOCK]}},
        "it describes 2 networks, expected one",
    ),
    "network that cannot be": (
        {"discriminator": {"blocks": [{"filters": 2, "kernel": 9, "padding": "valid"}]}},
        "describes a network that cannot be: discriminator.blocks.0: conv 2, 9×9",
    ),
    "layer too large": (
        {
            "image_shape": [4096, 4096, 3],
            "discriminator": {"blocks": [{"filters": 64, "stride": 2}]},
        },
        f"a layer of 268,435,456 values, at most {MAX_VALUES:,}",
    ),
    "terabytes of weights": (
        {
            "image_shape": [31, 31, 3],
            "discriminator": {"blocks": HUGE["classifier"]["blocks"]},
        },
        "expected float32",
    ),
    "many blocks": (
        {"discriminator": {"blocks": [{"filters": 1}] * 101}},
        "at most 100 items",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_another_description(name: str, path: Path, nothing_is_built: int) -> None:
    header, said = WRONG[name]
    found = refused(rewritten(path, **header))
    assert said in found


def test_outputs_that_were_others_where_it_was_written(path: Path) -> None:
    arrays = arrays_of(path)
    read_network(path)
    header = read_header(path)
    header.pop("sha256")
    scale = np.abs(arrays[PROBE]).max()
    write_arrays(path, header, arrays | {PROBE: arrays[PROBE] + np.float32(1e-4 * scale)})
    read_network(path)  # rounding
    write_arrays(path, header, arrays | {PROBE: arrays[PROBE] + np.float32(0.02 * scale)})
    said = refused(path)
    assert "gives other outputs here than where it was written (by 0.02" in said
    assert "use the versions of TensorFlow and Keras that its run names" in said


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_read(value: float, tmp_path: Path) -> None:
    """Of a training that diverged: there is a network, and it can be looked at."""
    role, network, each = made("batch norm")
    network.layers[-2].bias.assign([value])
    write_network(tmp_path / "a", role, network, each)
    read = read_network(tmp_path / "a").network
    assert not np.isfinite(read.layers[-2].bias.numpy()).any()


def test_finite_outputs_that_are_none_here_are_refused(path: Path) -> None:
    header, arrays = read_header(path), arrays_of(path)
    header.pop("sha256")
    name = next(name for name in arrays if name.endswith("output/bias"))
    write_arrays(path, header, arrays | {name: np.array([np.nan], np.float32)})
    assert "gives other outputs here" in refused(path)


def test_a_disk_that_fails(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: Path) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "read_bytes", fails)
    with pytest.raises(RunError, match="cannot be read"):
        read_network(path)


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HDF5 says so by a RuntimeError."""
    _, network, _ = made("batch norm")
    monkeypatch.setattr(
        keras.Model, "save", lambda *_: (_ for _ in ()).throw(RuntimeError("Unable to write"))
    )
    with pytest.raises(RunError, match=r"cannot write .*a\.keras: Unable to write"):
        write_keras(tmp_path / "a.keras", network)
    assert list(tmp_path.iterdir()) == []


ELSEWHERE = """
import sys

class Nowhere:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("convgan", "tests"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Nowhere())
import keras, numpy as np

folder = sys.argv[1]
with np.load(folder + "/expected.npz") as expected:
    for index in range(len(expected.files) // 2):
        network = keras.models.load_model(f"{folder}/{index}.keras")
        made = np.asarray(network(expected[f"{index} inputs"], training=False))
        wanted = expected[f"{index} outputs"]
        error = np.abs(made - wanted).max() / np.abs(wanted).max()
        print(f"{error:.1e}", {layer.compute_dtype for layer in network.layers})
assert not any(name.startswith("convgan") for name in sys.modules)
"""


FOR_KERAS = (*REGISTERED, "spectral norm", "group norm", "residual spectral norm")


@pytest.mark.slow
def test_keras_alone_loads_what_is_written_for_it(tmp_path: Path) -> None:
    """And so does convgan: of a training in bfloat16, too, both in float32."""
    arrays: dict[str, Any] = {}
    for index, name in enumerate(FOR_KERAS):
        role, each = NETWORKS[name]
        keras.config.set_dtype_policy("mixed_bfloat16" if name in REGISTERED else "float32")
        _, network, _ = made(name)
        write_keras(tmp_path / f"{index}.keras", network)
        write_network(tmp_path / "a", role, network, each)
        saved = read_network(tmp_path / "a").network
        assert {layer.compute_dtype for layer in saved.layers} == {"float32"}
        arrays |= {f"{index} inputs": inputs_of(saved), f"{index} outputs": outputs(saved)}
    np.savez(tmp_path / "expected.npz", **arrays)
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(FOR_KERAS)
    for line in lines:
        error, _, dtypes = line.partition(" ")
        assert dtypes == "{'float32'}"
        assert float(error) < 1e-4


def test_writing_for_keras_leaves_the_network_as_it_was(tmp_path: Path) -> None:
    _, network, _ = made("spectral norm")
    before = outputs(network)
    write_keras(tmp_path / "a.keras", network)
    assert np.array_equal(outputs(network), before)
