"""Each fault of a training is found where it is, alone, and a healthy training has none."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from convgan.config.kinds import LOSSES
from convgan.config.training import GanTrainConfig
from convgan.evaluation.diagnosis import Samples, diagnose
from convgan.evaluation.metrics.class_fractions import class_fractions
from convgan.evaluation.verdict import missing_classes
from convgan.runs.evaluations import Finding

STEPS_PER_EPOCH = 600


def train(**changes: Any) -> GanTrainConfig:
    """A configuration with rates that are no defaults, so that a text can name them."""
    settings: dict[str, Any] = {
        "epochs": 10,
        "batch_size": 100,
        "loss": "non_saturating",
        "generator_optimizer": {"name": "adam", "learning_rate": 3e-4},
        "discriminator_optimizer": {"name": "adam", "learning_rate": 7e-4},
    }
    return GanTrainConfig.model_validate(settings | changes)


def log(steps: int = 3000, *, every: int = 25, **values: float | None) -> list[dict[str, Any]]:
    """A log that wavers as a healthy one does; `values` replace its numbers everywhere."""
    rng = np.random.default_rng(5)
    records: list[dict[str, Any]] = []
    for step in range(every, steps + 1, every):
        numbers: dict[str, float | None] = {
            "d_loss": rng.uniform(0.3, 1.3),
            "g_loss": rng.uniform(0.8, 2.9),
            "d_real": rng.uniform(0.55, 0.92),
            "d_fake": rng.uniform(0.07, 0.45),
        }
        records.append({"step": step, "epoch": step / STEPS_PER_EPOCH} | numbers | values)
        if step % STEPS_PER_EPOCH == 0:
            ended: dict[str, Any] = {"end_of_epoch": True, "seconds": 9.5, "val_frechet": 40.0}
            records.append(records[-1] | {"epoch": step // STEPS_PER_EPOCH} | ended)
    return records


def pictures(seed: int, spread: float = 60.0, count: int = 9) -> NDArray[np.uint8]:
    """Samples (N, 6, 5, 3) with about this standard deviation across them."""
    rng = np.random.default_rng(seed)
    base = rng.uniform(100, 150, (1, 6, 5, 3))
    noise = rng.normal(0, spread, (count, 6, 5, 3))
    made: NDArray[np.uint8] = np.clip(base + noise, 0, 255).round().astype(np.uint8)
    return made


def healthy_samples() -> list[Samples]:
    return [Samples(pictures(epoch), 600 * epoch, epoch) for epoch in range(1, 6)]


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, findings
    return findings[0]


@pytest.mark.parametrize("loss", list(LOSSES))
def test_a_healthy_training_has_no_finding_at_any_time(loss: str) -> None:
    records, samples = log(), healthy_samples()
    classes = class_fractions(np.arange(9) % 3, np.arange(30) % 3, ("a", "b", "c"))
    for lines in range(len(records) + 1):
        assert diagnose(records[:lines], train(loss=loss)) == []
    for epochs in range(len(samples) + 1):
        found = diagnose(records, train(loss=loss), samples=samples[:epochs], classes=classes)
        assert found == []


def test_nothing_is_known_of_an_empty_log() -> None:
    assert diagnose([], train(), samples=[], classes=None) == []


@pytest.mark.parametrize("broken", [None, math.nan, math.inf, -math.inf, np.float32(np.nan)])
def test_the_first_number_that_is_not_finite_is_named(broken: float | None) -> None:
    records = log()
    records[7]["g_loss"] = records[7]["d_fake"] = records[9]["d_real"] = broken
    found = only(diagnose(records, train()))
    assert found.name == "not_finite"
    assert "g_loss, d_fake at step 200, epoch 0.333333, the first such line" in found.text
    assert f"of the log (2 of {len(records)})." in found.text
    assert "a lower train.generator_optimizer.learning_rate (now 0.0003)" in found.text
    assert "a lower train.discriminator_optimizer.learning_rate (now 0.0007)" in found.text
    assert "train.penalty r1" in found.text
    assert "another train.loss" in found.text
    assert "d_real" not in found.text


def test_an_epochs_own_number_counts_too_and_words_do_not() -> None:
    records = [record | {"note": "nan"} for record in log()]
    assert diagnose(records, train()) == []
    records[-1]["val_frechet"] = None
    found = only(diagnose(records, train()))
    assert "val_frechet at step 3000, epoch 5, the first such line of the log (1 of" in found.text


def test_float32_is_advised_only_where_it_is_not_used() -> None:
    records = log(d_loss=math.nan)
    assert "float32" not in only(diagnose(records, train())).text
    mixed = only(diagnose(records, train(precision="mixed_bfloat16")))
    assert "train.precision float32" in mixed.text


@pytest.mark.parametrize("loss", list(LOSSES))
def test_a_log_of_nulls_is_one_finding(loss: str) -> None:
    nulls: dict[str, Any] = dict.fromkeys(("d_loss", "g_loss", "d_real", "d_fake"))
    found = only(diagnose(log(**nulls), train(loss=loss)))
    assert found.name == "not_finite"
    assert "d_loss, g_loss, d_real, d_fake at step 25, epoch 0.0416667" in found.text


def test_infinities_of_both_signs_have_no_mean() -> None:
    records = log(1000)
    records[-1]["d_real"], records[-2]["d_real"] = math.inf, -math.inf
    assert only(diagnose(records, train())).name == "not_finite"


def test_a_discriminator_that_wins_is_found() -> None:
    found = only(diagnose(log(d_real=0.9931, d_fake=0.0042), train()))
    assert found.name == "discriminator_wins"
    assert "d_real 0.993 and d_fake 0.004" in found.text
    assert "over the 500 steps to step 3000, epoch 5." in found.text
    for advice in (
        "train.penalty r1",
        "more dropout in discriminator.blocks",
        "a lower train.discriminator_optimizer.learning_rate (now 0.0007)",
        "train.loss.label_smoothing",
    ):
        assert advice in found.text


@pytest.mark.parametrize(
    ("real", "fake", "smoothing", "wins"),
    [
        (0.981, 0.019, 0.0, True),
        (0.979, 0.001, 0.0, False),
        (0.999, 0.021, 0.0, False),
        (0.885, 0.019, 0.1, True),
        (0.875, 0.019, 0.1, False),
    ],
)
def test_both_probabilities_must_be_sure(
    real: float, fake: float, smoothing: float, wins: bool
) -> None:
    """With label smoothing, a discriminator that knows all says 1 minus the smoothing."""
    loss = {"name": "non_saturating", "label_smoothing": smoothing}
    found = diagnose(log(d_real=real, d_fake=fake), train(loss=loss))
    assert [finding.name for finding in found] == ["discriminator_wins"] * wins
    assert ("train.loss.label_smoothing" in " ".join(f.text for f in found)) == (
        wins and not smoothing
    )


def test_only_the_last_500_steps_decide() -> None:
    won: dict[str, Any] = {"d_real": 0.999, "d_fake": 0.001}
    even = {"d_real": 0.1, "d_fake": 0.9}
    records = log(1000)
    for record in records:
        record.update(won if record["step"] > 500 else even)
    assert only(diagnose(records, train())).name == "discriminator_wins"
    next(record for record in records if record["step"] > 500).update(d_fake=0.5)
    assert diagnose(records, train()) == []
    assert diagnose(log(475, **won), train()) == []
    assert only(diagnose(log(500, **won), train())).name == "discriminator_wins"
    assert only(diagnose(log(4000, every=2000, **won), train())).name == "discriminator_wins"


def test_an_epochs_mean_does_not_count_as_steps() -> None:
    records = log(600, d_real=0.999, d_fake=0.001)
    assert "end_of_epoch" in records[-1]
    records[-1] |= {"d_real": 0.5, "d_fake": 0.5}
    assert only(diagnose(records, train())).name == "discriminator_wins"


@pytest.mark.parametrize(
    ("loss", "d_loss", "wins"),
    [
        ("least_squares", 0.0074, True),
        ("least_squares", 0.0076, False),
        ("hinge", 0.059, True),
        ("hinge", 0.061, False),
        ("relativistic", 0.0207, True),
        ("relativistic", 0.0209, False),
        ("wasserstein", 0.0, False),
        ("wasserstein", 1e-9, False),
        ("wasserstein", -40.0, False),
    ],
)
def test_other_losses_are_judged_by_d_loss(loss: str, d_loss: float, wins: bool) -> None:
    """3 % of 0.25, of 2 and of ln 2; large logits alone (d_real 1, d_fake 0) say nothing."""
    sure = log(d_real=1.0, d_fake=0.0)
    assert diagnose(sure, train(loss=loss)) == []
    found = diagnose(log(d_real=1.0, d_fake=0.0, d_loss=d_loss), train(loss=loss))
    assert [finding.name for finding in found] == ["discriminator_wins"] * wins
    for finding in found:
        assert "d_loss" in finding.text
        assert "label_smoothing" not in finding.text  # refused with this loss


def test_a_penalty_that_is_there_is_not_advised_but_its_weight() -> None:
    penalty = {"name": "r1", "weight": 1.5}
    found = only(diagnose(log(d_real=1.0, d_fake=0.0), train(penalty=penalty)))
    assert "a larger train.penalty.weight (now 1.5)" in found.text
    assert "train.penalty r1" not in found.text


def still(levels_of_30: int, *, steps: int = 1000, epoch: int = 9) -> list[Samples]:
    """Two sets of which so many of 30 pixels in each channel differ by one level."""
    before = np.minimum(pictures(1), 200)
    after = before.copy()
    after.reshape(-1)[: levels_of_30 * 27] += 1
    return [Samples(before, 400, epoch - 1), Samples(after, 400 + steps, epoch)]


def test_a_generator_that_stands_still_is_found() -> None:
    found = only(diagnose(log(), train(), samples=still(2)))
    assert found.name == "generator_stands_still"
    assert "from step 400, epoch 8, to step 1400, epoch 9" in found.text
    assert "changed by 0.067 of 255 grey levels" in found.text
    assert "train.generator_optimizer.learning_rate (now 0.0003;" in found.text
    assert "train.discriminator_optimizer.learning_rate" in found.text


@pytest.mark.parametrize(("levels_of_30", "stands"), [(2, True), (4, False)])
def test_a_tenth_of_a_level_is_movement_down_as_well_as_up(levels_of_30: int, stands: bool) -> None:
    low, high = (each.images for each in still(levels_of_30))
    for before, after in ((low, high), (high, low)):
        found = diagnose([], train(), samples=[Samples(before, 0, 1), Samples(after, 2000, 2)])
        assert [finding.name for finding in found] == ["generator_stands_still"] * stands


def test_samples_that_are_the_same_to_the_byte_stand_still() -> None:
    assert only(diagnose([], train(), samples=still(0))).name == "generator_stands_still"


def test_short_epochs_are_compared_with_a_set_that_is_old_enough() -> None:
    assert diagnose([], train(), samples=still(0, steps=999)) == []
    first, last = still(0)
    between = Samples(pictures(8), 900, 8.5)
    assert only(diagnose([], train(), samples=[first, between, last])).text.count("step 400") == 1
    between = Samples(pictures(8), 400, 8.5)
    assert diagnose([], train(), samples=[first, between, last]) == []


@pytest.mark.parametrize("schedule", ["cosine", "linear", "one_cycle"])
def test_samples_may_stand_still_where_the_rate_falls_to_0(schedule: str) -> None:
    falling = train(schedule=schedule)
    assert diagnose([], falling, samples=still(0, epoch=6)) == []
    found = only(diagnose([], falling, samples=still(0, epoch=5)))
    assert found.name == "generator_stands_still"


def test_samples_that_are_one_picture_are_found() -> None:
    alike = [Samples(pictures(e, spread=1.5, count=7), 600 * e, e) for e in (1, 2, 3)]
    found = only(diagnose(log(), train(), samples=alike))
    assert found.name == "samples_alike"
    assert "at step 1800, epoch 3, 7 different latent vectors" in found.text
    spread = alike[-1].images.astype(float).std(axis=0).mean()
    assert f"standard deviation {spread:.2g} of 255" in found.text
    for key in ("train.generator_optimizer.learning_rate", "train.penalty", "train.loss"):
        assert key in found.text


@pytest.mark.parametrize(("distance", "alike"), [(4, True), (5, False), (6, False)])
def test_five_levels_of_spread_are_enough(distance: int, alike: bool) -> None:
    """Half of the pictures at 100 and half at 100 + 2 d have a standard deviation of d."""
    images = np.full((6, 4, 4, 1), 100, np.uint8)
    images[::2] += np.uint8(2 * distance)
    found = diagnose([], train(), samples=[Samples(images, 1000, 1)])
    assert [finding.name for finding in found] == ["samples_alike"] * alike


def test_too_few_steps_or_samples_say_nothing() -> None:
    same = pictures(1, spread=0)
    assert diagnose([], train(), samples=[Samples(same, 999, 4)]) == []
    assert diagnose([], train(), samples=[Samples(same[:1], 5000, 4)]) == []
    assert only(diagnose([], train(), samples=[Samples(same, 1000, 4)])).name == "samples_alike"


@pytest.mark.parametrize("generated", [[0, 0, 2, 2], [0] * 50 + [2] * 50 + [1]])
def test_missing_and_rare_classes_are_found(generated: list[int]) -> None:
    names = ("bag", "coat", "dress")
    classes = class_fractions(np.array(generated), np.array([0, 1, 2]), names)
    found = only(diagnose(log(), train(), samples=healthy_samples(), classes=classes))
    assert found == Finding(name="classes_missing", text=missing_classes(classes, train()) or "")
    assert "makes coat" in found.text
    assert "train.penalty" in found.text


def test_several_faults_come_in_a_fixed_order_and_as_json() -> None:
    records = log(d_real=1.0, d_fake=0.0)
    records[0]["g_loss"] = None
    same = pictures(1, spread=0)
    classes = class_fractions(np.array([0]), np.array([0, 1]), ("bag", "coat"))
    findings = diagnose(
        records, train(), samples=[Samples(same, 0, 1), Samples(same, 1000, 2)], classes=classes
    )
    names = [json.loads(json.dumps(finding.model_dump()))["name"] for finding in findings]
    assert names == [
        "not_finite",
        "discriminator_wins",
        "generator_stands_still",
        "samples_alike",
        "classes_missing",
    ]
