"""Networks in the formats of other programs, each named by its suffix: written, opened, run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from numpy.typing import NDArray

from convgan.errors import UsageError
from convgan.hardware import standard_error_held
from convgan.lazy import LazyModule, keras, tf

litert: Any = LazyModule("ai_edge_litert.interpreter")
onnxruntime: Any = LazyModule("onnxruntime")

Arrays: TypeAlias = "Mapping[str, NDArray[Any]]"
"""Inputs or outputs by name."""
Runner: TypeAlias = "Callable[[Arrays], Arrays]"

EXTRAS = {"onnx": ("tf2onnx", "onnx", "onnxruntime"), "tflite": ("ai_edge_litert",)}
"""The packages that convgan alone does not need, by format, which is also the extra's name."""


def check_packages(name: str) -> None:
    """Raise UsageError if a format needs a package that is not there."""
    if missing := [each for each in EXTRAS.get(name, ()) if find_spec(each) is None]:
        raise UsageError(
            f"--format {name} needs {' and '.join(missing)}, not found here; to have them: "
            f'pip install "convgan[{name}]"'
        )


def _write_savedmodel(network: keras.Model, path: Path) -> None:
    network.export(path, format="tf_saved_model", verbose=False)


def _open_savedmodel(path: Path) -> Runner:
    loaded = tf.saved_model.load(str(path))  # its variables live as long as it does
    return lambda inputs: dict(loaded.signatures["serving_default"](**inputs))


def _write_onnx(network: keras.Model, path: Path) -> None:
    with warnings.catch_warnings():  # Keras's, where it mends tf2onnx for NumPy 2
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)
        signature = [network.input]  # which Keras knows by itself once it was called
        network.export(path, format="onnx", verbose=False, input_signature=signature)


def _open_onnx(path: Path) -> Runner:
    session = onnxruntime.InferenceSession(path)
    names = [output.name for output in session.get_outputs()]
    return lambda inputs: dict(zip(names, session.run(names, inputs), strict=True))


def _write_tflite(network: keras.Model, path: Path) -> None:
    with TemporaryDirectory() as folder:  # Keras 3.12 does not write it by itself
        _write_savedmodel(network, Path(folder))
        path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(folder).convert())


def _open_tflite(path: Path) -> Runner:
    runner = litert.Interpreter(str(path)).get_signature_runner()

    def run(inputs: Arrays) -> Arrays:
        with standard_error_held():  # where it says how it computes
            return dict(runner(**inputs))

    return run


def _open_keras(path: Path) -> Runner:
    network = keras.models.load_model(path)
    return lambda inputs: dict(network(inputs, training=False))


FORMATS: dict[str, tuple[Callable[[keras.Model, Path], None], Callable[[Path], Runner]]] = {
    "savedmodel": (_write_savedmodel, _open_savedmodel),
    "onnx": (_write_onnx, _open_onnx),
    "tflite": (_write_tflite, _open_tflite),
    "keras": (lambda network, path: network.save(path), _open_keras),
}
"""What writes a `deployable` network to a file (savedmodel: a folder), and what opens that."""
