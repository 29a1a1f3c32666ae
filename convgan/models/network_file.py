"""A network as one safetensors file: its weights, its configuration, and what it answers.

Files give arrays only. The network is built from the configuration in the file, which is checked
as any configuration is; the weights are compared by name and shape with what would be built,
before anything is allocated; and the answers to fixed inputs that were written with it must come
out again, so that a version of Keras that computes another function is noticed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import keras
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from convgan import __version__
from convgan.arrays import Form, form_of, read_arrays, read_header, write_arrays
from convgan.config.kinds import (
    ChosenClassifier,
    ChosenDiscriminator,
    ChosenGenerator,
    GeneratorConfig,
)
from convgan.errors import DataError, UsageError
from convgan.files import replacing
from convgan.models.build import NetworkSection, NetworkSpec, Role
from convgan.models.conditioning import inputs_of

MAX_VALUES = 1 << 26
"""The most numbers that a layer may give for one image: 64 channels of 1024×1024 pixels."""

_PROBE = "outputs for fixed inputs"
_PROBES = 4
_TOLERANCE = 1e-3
"""Of the outputs' largest value: other processors and versions round otherwise."""
_Side = Annotated[int, Field(ge=1, le=4096)]


class _Card(BaseModel):
    """What the header says of the network; one of the three sections is there."""

    generator: ChosenGenerator | None = None
    discriminator: ChosenDiscriminator | None = None
    classifier: ChosenClassifier | None = None
    image_shape: tuple[_Side, _Side, Annotated[int, Field(ge=1, le=3)]]
    num_classes: Annotated[int, Field(ge=0, le=65536)] = 0
    """That a classifier tells apart."""
    given_classes: Annotated[int, Field(ge=0, le=65536)] = 0
    """That a conditional GAN's network is given."""

    def network(self) -> tuple[Role, NetworkSpec]:
        """Return what the network is, and what it is built from."""
        sections: dict[Role, NetworkSection | None] = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "classifier": self.classifier,
        }
        found = [(role, section) for role, section in sections.items() if section]
        if len(found) != 1:
            raise ValueError(f"it describes {len(found)} networks, expected one")
        role, section = found[0]
        classes = self.num_classes if role == "classifier" else self.given_classes
        return role, NetworkSpec(section, self.image_shape, classes)


@dataclass(frozen=True, eq=False)
class SavedNetwork:
    """A network from a file, in float32, with the SHA-256 (hex) of its header and arrays."""

    network: keras.Model
    spec: NetworkSpec
    sha256: str


def named_variables(network: str, variables: Sequence[Any]) -> dict[str, Any]:
    """Return variables by names that are the same in every process.

    Keras counts up the layers, and the seeds of dropout, that have no name of their own; these
    numbers are left out, and the position tells them apart.
    """
    return {
        f"{network}/{index:03d}/{re.sub(r'_[0-9]+(?=[/_]|$)', '', variable.path)}": variable
        for index, variable in enumerate(variables)
    }


def write_network(path: Path, role: Role, network: keras.Model, spec: NetworkSpec) -> str:
    """Write a network whole, or leave what was there; return the SHA-256 (hex) of it all.

    Its outputs are those in float32, in which it is read: a deep network's in bfloat16 can be a
    quarter of their largest value away.

    Raises:
        RunError: it cannot be written.
    """
    header = {
        "convgan": __version__,
        role: spec.section.model_dump(mode="json"),
        "image_shape": spec.image_shape,
        "num_classes" if role == "classifier" else "given_classes": spec.num_classes,
    }
    arrays = {name: v.numpy() for name, v in named_variables(role, network.weights).items()}
    if keras.config.dtype_policy().name != "float32":
        network = _built_in_float32(spec, network.get_weights())
    return write_arrays(path, header, arrays | {_PROBE: _outputs(network, spec)})


def read_network(path: Path) -> SavedNetwork:
    """Build the network that a file describes, and give it the file's weights.

    Raises:
        DataError: the file is missing, damaged or not one that `write_network` wrote, or this
            version of Keras computes another function.
        RunError: it cannot be read now.
    """
    if not path.is_file():
        raise DataError(f"{path} is missing: the run has not finished its first epoch")
    role, spec = read_spec(path)
    try:
        plan = spec.build_symbolically()
    except UsageError as error:
        raise DataError(f"{path} describes a network that cannot be: {error}") from error
    largest = max(math.prod(layer.output.shape[1:]) for layer in plan.layers)
    if largest > MAX_VALUES:
        raise DataError(f"{path} describes a layer of {largest:,} values, at most {MAX_VALUES:,}")
    expected = {n: form_of(v) for n, v in named_variables(role, plan.weights).items()}
    outputs = Form("float32", (_PROBES, *map(int, plan.output_shape[1:])))
    header, arrays = read_arrays(path, expected | {_PROBE: outputs})
    network = _built_in_float32(spec, [arrays[name] for name in expected])
    _compare(path, _outputs(network, spec), arrays[_PROBE])
    return SavedNetwork(network, spec, str(header["sha256"]))


def read_spec(path: Path) -> tuple[Role, NetworkSpec]:
    """Return what a file's network is, and what it is built from; its weights are not looked at.

    Raises:
        DataError: the file is missing, damaged or describes no network of convgan.
        RunError: it cannot be read now.
    """
    header = read_header(path)
    try:
        return _Card.model_validate(header).network()
    except (ValidationError, ValueError, RecursionError) as error:
        raise DataError(f"{path} describes no network of convgan: {error!s:.500}") from error


def write_keras(path: Path, network: keras.Model) -> None:
    """Write a `.keras` file of Keras's own layers in float32, for use elsewhere.

    convgan never reads it back.

    Raises:
        RunError: it cannot be written.
    """
    copy = plain_copy(network)
    with replacing(path) as temporary:
        try:
            copy.save(temporary)
        except RuntimeError as error:  # HDF5's own, where the disk is full
            raise OSError(str(error)) from error


def plain_copy(network: keras.Model) -> keras.Model:
    """Return the same network of Keras's own layers, in float32."""
    weights: dict[str, list[NDArray[Any]]] = {}

    def plain(layer: Any) -> Any:
        if hasattr(layer, "as_keras"):
            layer, weights[layer.name] = layer.as_keras()
        else:
            weights[layer.name] = layer.get_weights()
        return type(layer).from_config(layer.get_config() | {"dtype": "float32"})

    with in_float32():
        copy = keras.models.clone_model(network, clone_function=plain)
    for layer in copy.layers:
        layer.set_weights(weights.get(layer.name, []))  # an InputLayer has none
    return copy


def _built_in_float32(spec: NetworkSpec, weights: list[NDArray[Any]]) -> keras.Model:
    with in_float32():
        network = spec.build()
    network.set_weights(weights)
    return network


def _outputs(network: keras.Model, spec: NetworkSpec) -> NDArray[np.float32]:
    """Return what the network answers to inputs that are always the same."""
    random = np.random.RandomState(0)  # whose numbers NumPy has promised not to change
    shape = (_PROBES, *map(int, network.inputs[0].shape[1:]))
    if isinstance(spec.section, GeneratorConfig):
        inputs = random.normal(size=shape)
    else:
        inputs = random.uniform(-1, 1, shape)
    labels = np.arange(_PROBES) % max(spec.num_classes, 1)
    given = inputs_of(network, inputs.astype(np.float32), labels)
    outputs = network(given, training=False)
    return np.asarray(outputs, np.float32)


def _compare(path: Path, found: NDArray[np.float32], written: NDArray[np.float32]) -> None:
    if not np.isfinite(written).all():  # of a training that diverged; there is nothing to compare
        return
    difference = float(np.abs(found - written).max()) / max(float(np.abs(written).max()), 1e-6)
    if not difference <= _TOLERANCE:
        raise DataError(
            f"{path} gives other outputs here than where it was written (by {difference:.2g} of "
            f"their largest value; at most {_TOLERANCE:g} is rounding): use the versions of "
            "TensorFlow and Keras that its run names"
        )


@contextmanager
def in_float32() -> Iterator[None]:
    """Build in float32, whatever the training computes in."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
