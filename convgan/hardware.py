"""The machine: device, precision, seeds, and TensorFlow's start without its noise."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal

from convgan.errors import UsageError, counted


def start_tensorflow(
    *, device: str = "auto", replicas: int | Literal["all"] = 1, show_noise: bool = False
) -> str:
    """Import TensorFlow, choose the device and return its name for people.

    `auto` is the first GPU, else the CPU; the framework's start-up messages are kept back. For
    several replicas it is so many GPUs from that one on, or the CPU as so many devices.

    Raises:
        UsageError: there is no such device, or there are not so many.
    """
    if not show_noise:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with nullcontext() if show_noise else standard_error_held():
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
    if not show_noise:
        tf.get_logger().setLevel("ERROR")  # such as about several compiled steps in one process
    kind, _, number = device.partition(":")
    if not re.fullmatch(r"auto|cpu|gpu(:\d{1,9})?", device):
        raise UsageError(f"--device {device!r}: expected auto, cpu, gpu or gpu:N")
    index = int(number or 0)
    if kind == "gpu" and index >= len(gpus):
        raise UsageError(
            f"--device {device}: TensorFlow sees {counted(len(gpus), 'GPU')} here. Install with "
            'pip install "convgan[gpu]", check nvidia-smi, and see why with --debug; '
            "or take --device cpu"
        )
    if kind == "cpu" or not gpus:
        tf.config.set_visible_devices([], "GPU")
        name = f"CPU, {counted(os.cpu_count() or 1, 'core')}"
        if isinstance(replicas, str) or replicas == 1:
            return name
        parts = [tf.config.LogicalDeviceConfiguration()] * replicas
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], parts)
        return f"{replicas} replicas on one {name}"
    chosen = gpus[index:] if replicas == "all" else gpus[index : index + replicas]
    if replicas != "all" and len(chosen) < replicas:
        raise UsageError(
            f"runtime.replicas {replicas}: TensorFlow sees {counted(len(gpus), 'GPU')} here, and "
            f"--device {device} leaves {len(chosen)} of them; take so many, or --device cpu"
        )
    tf.config.set_visible_devices(chosen, "GPU")
    for gpu in chosen:
        tf.config.experimental.set_memory_growth(gpu, True)
    details: dict[str, Any] = tf.config.experimental.get_device_details(chosen[0])
    which = f"GPU {index}" if len(chosen) == 1 else counted(len(chosen), "GPU")
    return f"{which}, {details.get('device_name', 'unknown')}"


def device_count() -> int:
    """Return what `runtime.replicas: all` stands for: the GPUs that were chosen, else 1."""
    import tensorflow as tf

    return len(tf.config.get_visible_devices("GPU")) or 1


def set_precision_and_seed(precision: str, seed: int) -> None:
    """Set Keras's dtype policy, and the seeds that initial weights and dropout come from."""
    import keras

    keras.config.set_dtype_policy(precision)
    keras.utils.set_random_seed(seed)


def computes_in_bfloat16() -> bool:
    """Say whether this is a GPU from compute capability 8.0, or a processor with bfloat16.

    Where it is emulated, it is slower by far (docs/speed.md).
    """
    import tensorflow as tf

    gpus = tf.config.get_visible_devices("GPU")
    if gpus:
        details: dict[str, Any] = tf.config.experimental.get_device_details(gpus[0])
        return bool(details.get("compute_capability", (0, 0)) >= (8, 0))
    return bool({"amx_bf16", "avx512_bf16"} & _processor_flags())


def _processor_flags() -> set[str]:
    """Return what Linux says the processor can; nothing elsewhere."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return set()
    lines = [line for line in text.splitlines() if line.startswith("flags")]
    return {flag for line in lines for flag in line.partition(":")[2].split()}


def processor_kind() -> str:
    """Return what rounding depends on: the GPU's name, or the processor's vectors and library."""
    import platform

    import tensorflow as tf

    for gpu in tf.config.get_visible_devices("GPU"):
        details: dict[str, Any] = tf.config.experimental.get_device_details(gpu)
        return str(details.get("device_name", "unknown GPU"))
    vectors = {"avx2", "avx512f", "avx512_bf16"} & _processor_flags()
    library = "Eigen" if os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0" else "oneDNN"
    return " ".join([platform.machine(), *sorted(vectors), library])


def make_deterministic() -> None:
    """Have TensorFlow use only operations that give the same bytes each time, for good."""
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    import platform
    from importlib.metadata import version

    packages = ("convgan", "tensorflow", "keras", "numpy")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


@contextmanager
def standard_error_held() -> Iterator[None]:
    """Keep back what native libraries write to standard error; show it if the block fails."""
    with tempfile.TemporaryFile() as held:
        kept = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(kept, 2)
            held.seek(0)
            os.write(2, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def source_commit() -> str | None:
    """Return the git commit of the checkout that convgan runs from, if it is one."""
    import subprocess

    checkout = Path(__file__).parent.parent
    if not (checkout / ".git").exists():
        return None
    command = ["git", "-C", str(checkout), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
