"""What a classifier sees of each picture when it is asked: the picture, and views of it.

The mean of their logits errs less often than the logits of the picture alone (Krizhevsky et al.,
2012, section 4.1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from convgan.config.training import View


def mean_logits(network: keras.Model, values: Any, views: Sequence[View]) -> Any:
    """Return the mean logits, (N, K), of pictures (N, H, W, C) and of these views of each.

    `mirrored` is left and right exchanged; `shifted` are two, half a pixel along the diagonal each
    way: the means of four neighbours, at the edge of those that there are.
    """
    seen = [values, *(each for view in views for each in _VIEWS[view](values))]
    return ops.mean(ops.stack([network(each, training=False) for each in seen]), axis=0)


def _mirrored(values: Any) -> list[Any]:
    return [ops.flip(values, axis=2)]


def _shifted(values: Any) -> list[Any]:
    def neighbours(values: Any) -> Any:
        return ops.average_pool(values, 2, strides=1, padding="same")

    turned = neighbours(ops.flip(values, axis=(1, 2)))
    return [neighbours(values), ops.flip(turned, axis=(1, 2))]


_VIEWS: dict[View, Callable[[Any], list[Any]]] = {"mirrored": _mirrored, "shifted": _shifted}
