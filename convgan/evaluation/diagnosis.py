"""What goes wrong in a DCGAN's training: log, samples and classes to warnings in plain words.

The faults are those of Goodfellow, 2016 ("NIPS 2016 Tutorial", sections 5.1 and 5.2), and of
Arjovsky and Bottou, 2017 ("Towards Principled Methods for Training GANs", section 2).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convgan.evaluation.verdict import advised_penalty, missing_classes
from convgan.runs.evaluations import ClassFractions, Finding

if TYPE_CHECKING:
    from convgan.config.training import GanTrainConfig

Record = Mapping[str, Any]

# "Healthy" are two runs on Fashion-MNIST, of 7,500 and of 18,750 steps, at any point.
RECENT_STEPS = 500  # whose means of d_real, d_fake and d_loss are looked at
SURE = 0.02  # of d_real from its label and of d_fake from 0; healthy: 0.15 at the least
WON = 0.03  # of guessing; SURE makes 0.04 of 1.39 of the cross-entropy, healthy: 0.38 of it
SETTLED_STEPS = 1000  # before samples are looked at, and between two; an epoch may be one step
STILL_LEVELS = 0.1  # mean change, grey levels; healthy: 6 to 42 in 1,875 steps
ALIKE_LEVELS = 5.0  # standard deviation across samples, grey levels; healthy: 48 to 68
MOST_SAMPLES = 400  # compared with one another; more would only take memory


@dataclass(frozen=True)
class Samples:
    """Images (N, H, W, C), uint8, that the generator made of fixed latent vectors."""

    images: NDArray[np.uint8]
    step: int
    epoch: float


def diagnose(
    records: Sequence[Record],
    train: GanTrainConfig,
    *,
    samples: Sequence[Samples] = (),
    classes: ClassFractions | None = None,
) -> list[Finding]:
    """Look for the known faults of adversarial training; a healthy run has none.

    `records` are the lines of `metrics.jsonl`, oldest first, with None for a number that was not
    finite; the loss in `train` decides what they mean, and the advice names what is not yet tried.
    `samples` are oldest first, all of the same latent vectors: the last are looked at, and compared
    with the latest ones that are at least 1,000 steps older. `classes` are those of the last.
    """
    findings = (
        _not_finite(records, train),
        _discriminator_wins(records, train),
        _generator_stands_still(samples, train),
        _samples_alike(samples, train),
        _classes_missing(classes, train),
    )
    return [finding for finding in findings if finding]


def _not_finite(records: Sequence[Record], train: GanTrainConfig) -> Finding | None:
    broken = [record for record in records if _broken(record)]
    if not broken:
        return None
    first = broken[0]
    return Finding(
        name="not_finite",
        text=f"Not a finite number: {', '.join(_broken(first))} at "
        f"{_when(first['step'], first['epoch'])}, the first such line of the log "
        f"({len(broken)} of {len(records)}). Networks saved since are suspect. Try "
        f"{not_finite_advice(train)}.",
    )


def not_finite_advice(train: GanTrainConfig) -> str:
    """Return what to change where numbers are not finite, in words."""
    precision = "" if train.precision == "float32" else "train.precision float32, "
    return (
        f"{precision}{_lower('generator', train)}, {_lower('discriminator', train)}, "
        f"{advised_penalty(train)}, or another train.loss"
    )


def _discriminator_wins(records: Sequence[Record], train: GanTrainConfig) -> Finding | None:
    lines = [record for record in records if "end_of_epoch" not in record]
    if not lines or lines[-1]["step"] < RECENT_STEPS:
        return None
    step, epoch = lines[-1]["step"], lines[-1]["epoch"]
    recent = [line for line in lines if line["step"] > step - RECENT_STEPS]
    smoothing = getattr(train.loss, "label_smoothing", None)
    if train.loss.probabilities:
        real, fake = _mean(recent, "d_real"), _mean(recent, "d_fake")
        won = real > 1 - (smoothing or 0.0) - SURE and fake < SURE
        seen = f"d_real {real:.3f} and d_fake {fake:.3f}"
    else:  # its logits are not those of a probability
        guessing, d_loss = train.loss.guessing or 0.0, _mean(recent, "d_loss")
        won = 0 <= d_loss < WON * guessing
        seen = f"d_loss {d_loss:.2g}, where guessing gives {guessing:.2g}"
    if not won:
        return None
    return Finding(
        name="discriminator_wins",
        text=f"The discriminator wins: {seen} on average over the {RECENT_STEPS} steps to "
        f"{_when(step, epoch)}. The generator gets hardly any usable gradient. Try "
        f"{advised_penalty(train)}, more dropout in discriminator.blocks, "
        f"{_lower('discriminator', train)}"
        f"{', train.loss.label_smoothing 0.1' if smoothing == 0 else ''}, or more images.",
    )


def _generator_stands_still(samples: Sequence[Samples], train: GanTrainConfig) -> Finding | None:
    older = [each for each in samples if each.step <= samples[-1].step - SETTLED_STEPS]
    # A rate that falls to 0 ends in samples that stand still, as it should.
    if not older or (train.schedule != "constant" and samples[-1].epoch > train.epochs / 2):
        return None
    before, last = older[-1], samples[-1]
    change = float(np.abs(last.images.astype(np.int16) - before.images).mean())
    if change >= STILL_LEVELS:
        return None
    rate = train.generator_optimizer.learning_rate
    return Finding(
        name="generator_stands_still",
        text=f"The generator stands still: from {_when(before.step, before.epoch)}, to "
        f"{_when(last.step, last.epoch)}, its samples changed by {change:.2g} of 255 grey "
        f"levels. Try another train.generator_optimizer.learning_rate (now {rate:g}; one far too "
        "high can leave all pixels black or white for good), "
        f"{_lower('discriminator', train)}, or another seed.",
    )


def _samples_alike(samples: Sequence[Samples], train: GanTrainConfig) -> Finding | None:
    if not samples or samples[-1].step < SETTLED_STEPS or len(samples[-1].images) < 2:
        return None
    last, images = samples[-1], samples[-1].images[:MOST_SAMPLES]
    spread = float(images.std(axis=0).mean())
    if spread >= ALIKE_LEVELS:
        return None
    return Finding(
        name="samples_alike",
        text=f"Mode collapse: at {_when(last.step, last.epoch)}, {len(images)} different latent "
        f"vectors give nearly one image (standard deviation {spread:.2g} of 255 grey levels). "
        f"Try {_lower('generator', train)}, {advised_penalty(train)}, another train.loss, or "
        "another seed.",
    )


def _classes_missing(classes: ClassFractions | None, train: GanTrainConfig) -> Finding | None:
    text = missing_classes(classes, train) if classes else None
    return Finding(name="classes_missing", text=text) if text else None


def _broken(record: Record) -> list[str]:
    return [
        name
        for name, value in record.items()
        if value is None or (isinstance(value, Real) and not math.isfinite(value))
    ]


def _mean(lines: Sequence[Record], name: str) -> float:
    """Return the mean, NaN if any value is missing: then every comparison is false."""
    values = [line.get(name) for line in lines]
    return sum(math.nan if value is None else value for value in values) / len(values)


def _when(step: int, epoch: float) -> str:
    return f"step {step}, epoch {epoch:g}"


def _lower(network: str, train: GanTrainConfig) -> str:
    rate = getattr(train, f"{network}_optimizer").learning_rate
    return f"a lower train.{network}_optimizer.learning_rate (now {rate:g})"
