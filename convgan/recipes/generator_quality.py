"""Pictures as an evaluator sees them -> all quality numbers, each beside its floor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convgan.data import Dataset
from convgan.evaluation import (
    FeatureNetwork,
    evaluate_class_coverage,
    evaluate_classifier_score,
    evaluate_frechet,
    evaluate_kernel_distance,
    evaluate_memorisation,
    evaluate_neighbours,
    extrapolate_frechet,
)

Numbers = dict[str, Any]
Values = NDArray[np.float32]

_SUSPECTS = 2_000
"""Pictures that are looked up among all training pictures: a share's error is then 1 %."""


@dataclass(frozen=True, eq=False)
class Reference:
    """The real pictures as the evaluator sees them.

    Attributes:
        train: features of the training pictures, (T, D).
        test: features of the test pictures, (M, D).
        test_logits: of the test pictures, (M, K).
        class_names: K names.
        accuracy: the evaluator's on the test pictures.
        floor: what a draw of training pictures scores against the test pictures.
    """

    train: Values
    test: Values
    test_logits: Values
    class_names: tuple[str, ...]
    accuracy: float
    floor: Numbers


def look_at_real(judge: FeatureNetwork, dataset: Dataset, *, count: int, seed: int) -> Reference:
    """Let the evaluator see all real pictures, and measure training pictures as if generated.

    `count` of them, or all where there are fewer.
    """
    train, train_logits = judge.predict(dataset.train.images)
    test, test_logits = judge.predict(dataset.test.images)
    accuracy = float(np.mean(test_logits.argmax(axis=1) == dataset.test.labels))
    real = Reference(train, test, test_logits, dataset.test.class_names, accuracy, floor={})
    drawn = np.random.default_rng(seed).permutation(len(train))[:count]
    floor = measure(train[drawn], train_logits[drawn], real, seed=seed)
    return replace(real, floor=floor)


def measure(features: Values, logits: Values, real: Reference, *, seed: int) -> Numbers:
    """Compare pictures, by their features (N, D) and logits (N, K), with the test pictures.

    Where either are too few for a Fréchet distance there is none.
    """
    numbers: Numbers = {
        "kernel": evaluate_kernel_distance(features, real.test, seed=seed),
        "neighbours": evaluate_neighbours(features, real.test),
        "classes": evaluate_class_coverage(
            logits.argmax(axis=1), real.test_logits.argmax(axis=1), real.class_names
        ),
        "classifier": evaluate_classifier_score(logits),
    }
    if min(len(features), len(real.test)) > features.shape[1]:
        numbers["frechet"] = evaluate_frechet(features, real.test, seed=seed)
    return numbers


def measure_generated(
    features: Values, logits: Values, real: Reference, *, seed: int, extrapolate: bool
) -> Numbers:
    """All of `measure`, and how far the pictures are copies of training pictures."""
    numbers = measure(features, logits, real, seed=seed)
    few = slice(_SUSPECTS)
    numbers["memorisation"] = evaluate_memorisation(features[few], real.train, real.test[few])
    if extrapolate:
        numbers["extrapolated"] = extrapolate_frechet(features, real.test, seed=seed)
    return numbers
