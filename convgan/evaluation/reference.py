"""What real images score: the reference beside each number about generated ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from convgan.data import Dataset
from convgan.evaluation.evaluator import Evaluator
from convgan.evaluation.feature_cache import cached_predictions
from convgan.evaluation.metric import METRICS, Evidence, Metric, MetricResult, Predictions


@dataclass(frozen=True, eq=False)
class Reference:
    """What real images score. `real` has a draw of training images as if they were generated.

    `accuracy` is the evaluator's, a fraction of the test images; None where they or it have no
    classes. `values` are what the draw scores, by result.
    """

    real: Evidence
    accuracy: float | None
    values: Mapping[str, float]

    def evidence(self, generated: Predictions, asked: NDArray[np.int64] | None = None) -> Evidence:
        """Return what a metric gets to see of generated images."""
        return replace(self.real, generated=generated, asked=asked)


def compute_reference(
    evaluator: Evaluator, dataset: Dataset, *, count: int, seed: int
) -> Reference:
    """Let the evaluator see all real images, and measure training images as if generated.

    `count` of them, or all where there are fewer.
    """
    train, test = (cached_predictions(evaluator, each) for each in (dataset.train, dataset.test))
    seen, known, labels = test.classes, dataset.test.labels, dataset.train.labels
    drawn = np.random.default_rng(seed).permutation(len(train.features))[:count]
    real = Evidence(
        train.take(drawn), test, train, dataset.test.class_names or evaluator.class_names, seed,
        None if labels is None else labels[drawn], known,
    )  # fmt: skip
    measured = [METRICS[name] for name in METRICS if METRICS[name].reference]
    results = [each for metric in measured for each in metric.measure(real)]
    accuracy = None if seen is None or known is None else float(np.mean(seen == known))
    return Reference(real, accuracy, {result.name: result.value for result in results})


def measure(
    evidence: Evidence, values: Mapping[str, float], *, options: Collection[str] = ()
) -> list[MetricResult]:
    """Measure generated images by every metric, in the order of their registration.

    `values` are the reference ones, by result; `options` are those of the optional metrics that are
    asked for.

    Raises:
        UsageError, DataError: as the metrics.
        ValueError: two results have one name.
    """
    chosen = _chosen(options).values()
    results = [each for metric in chosen for each in metric.measure(evidence)]
    names = [result.name for result in results]
    if len(set(names)) < len(names):
        raise ValueError(f"metrics gave results of the same name: {', '.join(names)}")
    return [
        result.model_copy(update={"reference": values.get(result.name, result.reference)})
        for result in results
    ]


def protocols(options: Collection[str] = ()) -> dict[str, JsonValue]:
    """Return what must agree beyond the data, by metric and name."""
    return {
        f"{name}.{key}": value
        for name, metric in _chosen(options).items()
        for key, value in metric.protocol.items()
    }


def _chosen(options: Collection[str]) -> dict[str, Metric]:
    return {name: METRICS[name] for name in METRICS if METRICS[name].option in {None, *options}}
