"""What holds for every metric, those of extensions included."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from convgan.evaluation.metric import METRICS, Evidence, MetricResult, Predictions, metric
from convgan.evaluation.reference import Reference, measure, protocols

NAMES = ("a", "b", "c")
_MIX = np.random.default_rng(9).normal(size=(4, 3))


def some(count: int, seed: int, shift: float = 0.0) -> Predictions:
    features = np.random.default_rng(seed).normal(shift, 1, (count, 4))
    return Predictions(features.astype(np.float32), (features @ _MIX).astype(np.float32))


def reference() -> Reference:
    train, test, labels = some(90, 0), some(80, 1), np.arange(80) % 3
    return Reference(Evidence(train, test, train, NAMES, 3, test_labels=labels), 0.9, {})


ASKED = np.arange(70) % 3


@pytest.fixture(params=list(METRICS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_its_results_are_named_finite_and_the_same_again(name: str) -> None:
    evidence = reference().evidence(some(70, 2, shift=0.5), ASKED)
    found = list(METRICS[name].measure(evidence))
    assert found
    assert len({result.name for result in found}) == len(found)
    assert all(np.isfinite(result.value) and result.title for result in found)
    assert found == list(METRICS[name].measure(evidence))
    assert all(result.reference is None for result in found) or not METRICS[name].reference


def test_it_survives_its_way_through_json(name: str) -> None:
    for result in METRICS[name].measure(reference().evidence(some(70, 2), ASKED)):
        assert MetricResult.model_validate_json(result.model_dump_json()) == result


def test_better_images_score_better(name: str) -> None:
    """Real ones beside ones that are far off; what has no better is left out."""
    real, far = some(80, 1), some(80, 2, shift=9.0)
    if name == "classifier_score":  # never looks at real images
        pytest.skip("judges by confidence only")
    better, worse = (METRICS[name].measure(reference().evidence(each)) for each in (real, far))
    for good, bad in zip(better, worse, strict=True):
        if good.direction == "lower":
            assert good.value < bad.value
        if good.direction == "higher":
            assert good.value > bad.value


def test_an_option_must_be_asked_for() -> None:
    generated = some(70, 2)
    names = {result.name for result in measure(reference().evidence(generated), {})}
    assert "frechet_extrapolated" not in names
    more = {
        result.name
        for result in measure(reference().evidence(generated), {}, options=["extrapolate"])
    }
    assert more - names == {"frechet_extrapolated"}
    assert "frechet_extrapolated.points" not in protocols()
    assert protocols(["extrapolate"])["frechet_extrapolated.points"] == 15


def test_results_get_the_references_of_their_names() -> None:
    values = {"recall": 0.25}
    evidence = reference().evidence(some(70, 2))
    found = {result.name: result for result in measure(evidence, values)}
    assert found["recall"].reference == 0.25
    assert found["precision"].reference is None
    assert found["memorised_fraction"].reference is not None  # its own


def test_too_few_images_give_no_frechet_distance() -> None:
    names = {result.name for result in measure(reference().evidence(some(4, 2)), {})}
    assert "frechet" not in names
    assert "recall" in names


def test_an_extension_is_one_function(monkeypatch: pytest.MonkeyPatch) -> None:
    tuple(METRICS)
    monkeypatch.setattr(METRICS, "_entries", dict(METRICS._entries))

    @METRICS.add("largest")
    @metric(protocol={"of": "features"})
    def largest(evidence: Evidence) -> Iterator[MetricResult]:
        value = float(evidence.generated.features.max())
        yield MetricResult(name="largest", title="largest", value=value, direction="as real")

    generated = some(70, 2)
    assert measure(reference().evidence(generated), {})[-1].value == generated.features.max()
    assert protocols()["largest.of"] == "features"

    @METRICS.add("again")
    @metric()
    def again(evidence: Evidence) -> Iterator[MetricResult]:
        yield from METRICS["largest"].measure(evidence)

    with pytest.raises(ValueError, match="results of the same name"):
        measure(reference().evidence(generated), {})
