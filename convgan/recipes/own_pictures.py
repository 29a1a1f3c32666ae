"""`--data PATH`: a configuration for pictures that come without one.

Each choice follows from a few facts by a rule that is said with it, and all of them stand in the
run's config.yaml. At 28 × 28 in grey the GAN's networks are those of the preset `gan-fashion-best`,
at 64 × 64 in colour those of `gan-64`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convgan.config import DataConfig, load_config, load_data_section
from convgan.data import load_dataset
from convgan.data.folder import median_side
from convgan.data.image_set import Images
from convgan.errors import UsageError

SIZES = (16, 28, 32, 56, 64, 112, 128)
"""Sides of the pictures: 4 or 7 times a power of two."""
LARGEST = 64
"""Of those that are chosen; a larger one, which takes four times as long, must be asked for."""
FEW = 10_000
"""Training pictures, fewer than which a discriminator learns by heart."""
_OF_A_CLASS, _TO_CLUSTER = 50, 500
"""Pictures of the smallest class that is worth an input; of all that are worth clusters."""
_FEW_CLASSES = 10
"""Fewer say less of a picture than clusters do: docs/results.md has one example."""
_UNEVEN = 2
_FILTERS = {  # of the maps of half the picture's side, of a quarter, and so on
    "generator": (48, 64, 96, 128, 128),
    "discriminator": (32, 64, 96, 128, 128),
    "classifier": (32, 64, 128, 128, 128),
}
_STEPS = {"dcgan": 20_000, "classifier": 3_000}
_STEPS_ABOVE_32 = {"dcgan": 6_000, "classifier": 3_000}
_R1, _R1_ABOVE_32 = 0.3, 3.0
"""Of the penalty; with 0.3 the pictures made of line drawings of 64×64 became all alike."""
_BATCH = {"dcgan": 32, "classifier": 64}
_EPOCHS = 20  # about so many; where pictures are few, of several passes each


@dataclass(frozen=True)
class Facts:
    """What the choices follow from; `count` and `classes` are of the training pictures."""

    side: int
    """The median of the smaller sides of the files."""
    size: int
    """What they are resized to."""
    channels: int
    count: int
    classes: dict[str, int]


@dataclass(frozen=True)
class Chosen:
    """A configuration as plain values, and each choice: the key, the value, and why."""

    tree: dict[str, Any]
    choices: list[tuple[str, str, str]]

    def __str__(self) -> str:
        """The choices for people, a line each."""
        lines = [(f"{key} {value}", why) for key, value, why in self.choices]
        width = max(len(said) for said, _ in lines)
        return "\n".join(f"  {said:{width}}  {why}" for said, why in lines)


def choose(task: str, path: Path, changes: Sequence[str] = ()) -> Chosen:
    """Look at the pictures in a folder or archive, and choose how to train with them.

    `changes` are the user's, of which those of `data` are heeded here.

    Raises:
        DataError: the pictures cannot be read.
        UsageError: `data.image_size` is one that no network is made for.
    """
    facts = look(path, changes)
    return gan(facts, path) if task == "dcgan" else classifier(facts, path)


def look(path: Path, changes: Sequence[str] = ()) -> Facts:
    """Return what the pictures are; all are decoded, and kept so for the training."""
    of_data = [change for change in changes if change.startswith("data.")]
    section = load_data_section("folder", of_data, folder=path)
    side = median_side(section)
    size = section.image_size or max([each for each in SIZES if each <= min(side, LARGEST)] or [16])
    if size not in SIZES:
        raise UsageError(
            f"data.image_size {size}: without --config a network is made for {SIZES}; take one of "
            "these, or a configuration of your own"
        )
    channels = section.channels or 3
    wanted = {"image_size": size, "channels": channels}
    train = load_dataset(section.model_copy(update=wanted)).train
    if section.channels is None and _all_grey(train.images):  # whatever the files are
        channels = 1
    return Facts(side, size, channels, len(train), train.class_counts())


def gan(facts: Facts, path: Path) -> Chosen:
    """Return what `train-dcgan` is to do."""
    base = 7 if facts.size % 7 == 0 else 4
    depth = (facts.size // base).bit_length() - 1
    ups, downs = _FILTERS["generator"][:depth], _FILTERS["discriminator"][:depth]
    same = {"kernel": 3, "norm": "batch", "activation": "relu"}
    larger = same | {"stride": 2, "upsample": "nearest"}
    smaller = {"kernel": 4, "stride": 2, "activation": "leaky_relu"}
    few = facts.count < FEW
    weight = _R1 if facts.size <= 32 else _R1_ABOVE_32
    tree, choices = _common("dcgan", facts, path, validation=0.0 if few else 0.05)
    tree["generator"] = {
        "name": "dcgan",
        "latent_dim": 64,
        "modulation": "latent",
        "projection": {"size": base, "filters": ups[-1], "norm": "batch", "activation": "relu"},
        "blocks": [
            same | {"filters": ups[-1]},
            *(larger | {"filters": filters} for filters in reversed(ups[:-1])),
        ],
        "output": {"kernel": 4, "stride": 2},
    }
    tree["discriminator"] = {
        "name": "dcgan",
        "blocks": [
            *(smaller | {"filters": filters} for filters in downs),
            {"filters": downs[-1], "kernel": 3, "activation": "leaky_relu"},
        ],
    }
    known = load_config("gan-64").train.model_dump(mode="json", exclude_defaults=True)
    known["penalty"]["weight"] = weight
    for key in ("augment", "augmentations"):
        known.pop(key, None)
    tree["train"] = known | tree["train"] | {"evaluate_every": 0 if few else 1}
    widths = ", ".join(map(str, reversed(ups)))
    choices.append(
        ("generator", f"{base}×{base} to {facts.size}×{facts.size}", f"of {widths} maps")
    )
    choices.append(
        ("train.penalty", f"r1, {weight:g}", f"{_R1:g} up to 32×32, else {_R1_ABOVE_32:g}")
    )
    smallest = min(facts.classes.values(), default=0)
    if len(facts.classes) > 1 and smallest >= _OF_A_CLASS:
        tree["conditional"] = True
        why = f"{len(facts.classes)} classes, the smallest of {smallest:,}"
        if len(facts.classes) < _FEW_CLASSES:
            why += "; groups that look alike (clusters) may give better pictures"
    elif facts.count >= _TO_CLUSTER:
        tree["conditional"] = "clusters"
        why = "no classes of 50 pictures or more; groups that look alike stand for them"
    else:
        why = f"no classes of 50 pictures or more, and fewer than {_TO_CLUSTER} pictures to group"
    choices.append(("conditional", str(tree.get("conditional", False)).lower(), why))
    if few:
        tree["train"]["augment"] = {}
        why = f"fewer than {FEW:,}: the discriminator sees changed pictures, as often as it needs"
        choices.append(("train.augment", "adaptive", why))
        _mirror(tree, choices, facts)
    return Chosen(tree, choices)


def classifier(facts: Facts, path: Path) -> Chosen:
    """Return what `train-classifier` is to do.

    Raises:
        UsageError: there are no classes.
    """
    if len(facts.classes) < 2:
        raise UsageError(
            f"{path} has {len(facts.classes)} classes: a classifier needs at least two, one folder "
            "of pictures for each, or an npz with labels"
        )
    tree, choices = _common("classifier", facts, path, validation=0.1)
    depth = max(3, (-(-facts.size // 4) - 1).bit_length())  # to maps of 4 × 4 or less
    widths = _FILTERS["classifier"][:depth]
    block = {"kernel": 3, "stride": 2, "norm": "batch"}
    tree["model"] = {
        "name": "classifier",
        "blocks": [block | {"filters": filters} for filters in widths],
        "flatten": "average",
    }
    tree["train"] |= {
        "optimizer": {"name": "adam", "learning_rate": 6e-3},
        "schedule": "one_cycle",
        "augmentations": [{"name": "shift", "pixels": max(1, facts.size // 14)}],
        "label_smoothing": 0.1,
    }
    choices.append(
        ("model", f"{len(widths)} convolutions", f"of {', '.join(map(str, widths))} maps")
    )
    _mirror(tree, choices, facts)
    counts = facts.classes.values()
    if max(counts) > _UNEVEN * min(counts):
        tree["train"]["class_weights"] = "balanced"
        why = f"the classes have from {min(counts):,} to {max(counts):,} pictures"
        choices.append(("train.class_weights", "balanced", why))
    return Chosen(tree, choices)


def _all_grey(images: Images) -> bool:
    """Whether the channels of all images are equal, looked at some thousand at a time."""
    parts = (images[start : start + 1000] for start in range(0, len(images), 1000))
    return all((part == part[..., :1]).all() for part in parts)


def _common(
    task: str, facts: Facts, path: Path, *, validation: float
) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    """Return what both trainings have."""
    kept = max(1, facts.count - round(validation * facts.count))
    steps, batch = (_STEPS if facts.size <= 32 else _STEPS_ABOVE_32)[task], _BATCH[task]
    total = max(1, round(steps * batch / kept))
    passes = max(1, total // _EPOCHS)
    epochs = max(1, round(total / passes))
    data = DataConfig(
        name="folder", folder=path, image_size=facts.size, channels=facts.channels,
        validation=validation,
    )  # fmt: skip
    tree = {
        "task": task,
        "name": re.sub(r"\W+", "-", path.resolve().stem, flags=re.ASCII).strip("-_")[:40] or task,
        "data": data.model_dump(mode="json", exclude_defaults=True),
        "train": {"epochs": epochs, "passes": passes, "batch_size": batch, "precision": "auto"},
    }
    colours = "all are grey" if facts.channels == 1 else "some have colours"
    made = epochs * passes * kept // batch
    choices = [
        (
            "data.image_size",
            str(facts.size),
            f"of {', '.join(map(str, SIZES))}; theirs is {facts.side}, and up to {LARGEST} unasked",
        ),
        ("data.channels", str(facts.channels), colours),
        ("data.validation", f"{validation:g}", f"of {facts.count:,} training pictures"),
        ("train.epochs", str(epochs), f"{made:,} steps of {batch} pictures"),
    ]
    if passes > 1:
        choices.append(("train.passes", str(passes), "of the pictures in each epoch"))
    return tree, choices


def _mirror(tree: dict[str, Any], choices: list[tuple[str, str, str]], facts: Facts) -> None:
    """Also train with mirror images, if the pictures have colours, as letters seldom have."""
    if facts.channels == 3:
        augmentations = tree["train"].setdefault("augmentations", [])
        augmentations.append({"name": "flip"})
        why = "colours: no letters or digits; else --set train.augmentations=[]"
        choices.append(("train.augmentations", "flip", why))
