"""What a classifier sees of each picture when it is asked: the picture, and views of it.

The mean of their logits errs less often than the logits of the picture alone (Krizhevsky et al.,
2012, section 4.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from convgan.config.training import View


def mean_logits(network: keras.Model, values: Any, views: Sequence[View]) -> Any:
    """Return the mean logits, (N, K), of pictures (N, H, W, C) and of these views of each.

    `mirrored` is left and right exchanged; `shifted` are two, half a pixel along the diagonal each
    way: the means of four neighbours, at the edge of those that there are.
    """
    seen = [values]
    if "mirrored" in views:
        seen.append(ops.flip(values, axis=2))
    if "shifted" in views:
        turned = ops.flip(values, axis=(1, 2))
        seen += [_neighbours(values), ops.flip(_neighbours(turned), axis=(1, 2))]
    return ops.mean(ops.stack([network(each, training=False) for each in seen]), axis=0)


def _neighbours(values: Any) -> Any:
    return ops.average_pool(values, 2, strides=1, padding="same")
