"""What a metric is: a function of what the evaluator saw, registered under a name.

An extension adds one in a module of its own, and who wants it imports that:

    @METRICS.add("brightest")
    @metric()
    def brightest(evidence: Evidence) -> Iterator[MetricResult]:
        value = float(evidence.generated.features.max())
        yield MetricResult(name="brightest", title="largest feature", value=value,
                           direction="as real")

The table of `convgan eval`, its JSON, comparisons and the report follow from the results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from convgan.registry import Registry
from convgan.runs.evaluations import MetricResult

__all__ = ["METRICS", "Evidence", "Metric", "MetricResult", "Predictions", "metric"]


class Predictions(NamedTuple):
    """What an evaluator makes of images: features (N, D) and logits (N, K), float32.

    K is 0 where the evaluator knows no classes.
    """

    features: NDArray[np.float32]
    logits: NDArray[np.float32]

    @property
    def classes(self) -> NDArray[np.int64] | None:
        """The class that each image is taken for, (N,), if there are classes."""
        return self.logits.argmax(axis=1) if self.logits.shape[1] else None

    def take(self, rows: slice | NDArray[np.int64]) -> Predictions:
        """Return those of some of the images."""
        return Predictions(self.features[rows], self.logits[rows])


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a metric may look at: generated images, the test images, all training images.

    For a reference, training images stand for generated ones. The seed is of everything random.
    `asked` are the classes (N,) of which a conditional GAN was asked for an image each, and
    `test_labels` those of the test images (M,).
    """

    generated: Predictions
    test: Predictions
    train: Predictions
    class_names: tuple[str, ...]
    seed: int
    asked: NDArray[np.int64] | None = None
    test_labels: NDArray[np.int64] | None = None


Measure = Callable[[Evidence], Iterable[MetricResult]]


@dataclass(frozen=True)
class Metric:
    """One entry of `METRICS`: a function that gives results, or none of too few images or classes.

    `protocol` must agree for two values to be compared, in addition to the evaluator, the data,
    the numbers of images and the seed. With `reference`, a draw of training images, measured as if
    generated, gives each result's reference; without, results may come with one of their own. Only
    the `option` of `convgan eval` asks for it, if it has one.
    """

    measure: Measure
    protocol: Mapping[str, JsonValue]
    reference: bool
    option: str | None


METRICS: Registry[Metric] = Registry("metric", home="convgan.evaluation.metrics")


def metric(
    *,
    protocol: Mapping[str, JsonValue] | None = None,
    reference: bool = True,
    option: str | None = None,
) -> Callable[[Measure], Metric]:
    """Return a decorator that makes a `Metric` of a function; see there for the arguments."""
    return lambda measure: Metric(measure, protocol or {}, reference, option)
