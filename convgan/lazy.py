"""Modules that are imported when they are first used.

TensorFlow takes seconds to import, and a YAML file is checked without it: what stands beside a
configuration section takes `keras`, `layers` and `tf` from here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["LazyModule", "keras", "layers", "tf"]


class LazyModule:
    """Stands for a module of this name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)


if TYPE_CHECKING:
    import keras
    import tensorflow as tf
    from keras import layers
else:
    keras = LazyModule("keras")
    layers = LazyModule("keras.layers")
    tf = LazyModule("tensorflow")
