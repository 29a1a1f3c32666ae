"""A metric: how far apart generated images are, beside real ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convgan.evaluation.metric import METRICS, Evidence, MetricResult, metric


@METRICS.add("total_variance")
@metric()
def total_variance(evidence: Evidence) -> Iterator[MetricResult]:
    """Yield the root of the features' total variance."""
    variances = np.var(evidence.generated.features, axis=0, dtype=np.float64)
    yield MetricResult(
        name="total_variance",
        title="spread of the features",
        value=float(np.sqrt(variances.sum())),
        direction="as real",
    )
