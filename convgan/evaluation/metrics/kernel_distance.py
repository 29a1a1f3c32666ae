"""Kernel distance of features; KID with those of the Inception network (Bińkowski et al., 2018)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.pairwise import polynomial_kernel

from convgan.errors import UsageError
from convgan.evaluation.metric import METRICS, Evidence, MetricResult, metric

SUBSETS, SUBSET_SIZE = 100, 1000


@METRICS.add("kernel_distance")
@metric(protocol={"subsets": SUBSETS, "subset_size": SUBSET_SIZE})
def kernel_distance_metric(evidence: Evidence) -> Iterator[MetricResult]:
    """Measure generated against test images."""
    generated, test = evidence.generated.features, evidence.test.features
    yield evaluate_kernel_distance(generated, test, seed=evidence.seed)


def evaluate_kernel_distance(
    generated: NDArray[np.floating],
    real: NDArray[np.floating],
    *,
    seed: int,
    subsets: int = SUBSETS,
    subset_size: int = SUBSET_SIZE,
) -> MetricResult:
    """Estimate MMD² between generated (N, d) and real (M, d) features, without bias.

    The kernel is (x·y / d + 1)³ (Bińkowski et al., 2018, section 4), the estimator that of
    Gretton et al., 2012, lemma 6, averaged over pairs of random subsets of m images a side:
    m is `subset_size`, or the size of the smaller set where that is less. It is about 0 for equal
    laws, so it may be negative.

    The standard error is that of drawing the images of both sides anew. The subsets overlap, so
    their deviation s over √subsets would be too small. The mean over all subsets that there are
    is the estimate from all images. With the witness function w(t) = E k(x, t) − E k(y, t), its
    variance is 4 Var w(x) / N + 4 Var w(y) / M, to first order in 1 / N and 1 / M (Hoeffding,
    1948); having drawn only some of the subsets adds s² / subsets. Of equal laws w is 0 and only
    the noise of its estimate is left: the error is then up to about √(2 N / m) times too large.

    Raises:
        UsageError: a side has fewer than 2 images.
    """
    sides = [np.asarray(side, np.float64) for side in (generated, real)]
    size = min(subset_size, *map(len, sides))
    if size < 2:
        raise UsageError(
            f"got {len(generated)} generated and {len(real)} real images: a kernel distance needs "
            "at least 2 of each. Use more images"
        )
    # Of a side that every subset takes whole, they are computed once.
    means = [_mean_of_others(side) if len(side) == size else None for side in sides]
    drawn = subsets if any(known is None for known in means) else 1  # else all are one subset
    rng = np.random.default_rng(seed)
    estimates, variances = np.zeros(drawn), np.zeros(drawn)
    for index in range(drawn):
        rows = [rng.choice(len(side), size, replace=False) for side in sides]
        x, y = (side[chosen] for side, chosen in zip(sides, rows, strict=True))
        near_x, near_y = (
            _mean_of_others(each) if known is None else known[chosen]
            for each, known, chosen in zip((x, y), means, rows, strict=True)
        )
        across = _kernel(x, y)
        of_x, of_y = near_x - across.mean(axis=1), across.mean(axis=0) - near_y
        estimates[index] = of_x.mean() - of_y.mean()
        variances[index] = 4 * (of_x.var(ddof=1) / len(generated) + of_y.var(ddof=1) / len(real))
    deviation = estimates.std(ddof=1) if drawn > 1 else 0.0
    return MetricResult(
        name="kernel_distance",
        title="kernel distance (KID)",
        meaning="The same question asked in another way, which assumes no form of the two clouds; "
        "about 0 where they are alike.",
        value=float(estimates.mean()),
        standard_error=float(np.sqrt(variances.mean() + deviation**2 / subsets)),
        direction="lower",
        details={
            "subset_deviation": float(deviation),
            "subsets": subsets,
            "subset_size": size,
            "generated": len(generated),
            "real": len(real),
        },
    )


def _mean_of_others(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean kernel of each image with the others, none with itself."""
    within = _kernel(x, x)
    np.fill_diagonal(within, 0)
    means: NDArray[np.float64] = within.sum(axis=1) / (len(x) - 1)
    return means


def _kernel(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    kernel: NDArray[np.float64] = polynomial_kernel(x, y, degree=3, coef0=1)  # gamma is 1 / d
    return kernel
