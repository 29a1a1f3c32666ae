"""Configurations of the old form: one error that gives them in today's."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from convgan.errors import UsageError

_RUNTIME = ("steps_per_call", "checkpoint_every", "keep_checkpoints", "on_nan")
_AUGMENTATIONS = {
    "augment_flip": ("flip", None),
    "augment_shift": ("shift", "pixels"),
    "augment_rotate": ("affine", "degrees"),
    "augment_scale": ("affine", "scale"),
    "augment_erase": ("cutout", "size"),
}


def refuse_old_form(tree: dict[str, Any], where: str) -> None:
    """Raise an error that names all renamed keys, and has the configuration ready to paste.

    Raises:
        UsageError: a key of the old form is there.
    """
    try:
        new = copy.deepcopy(tree)
    except RecursionError:  # no configuration of any form is so deep; the check says where
        return
    if isinstance(new.get("train"), dict) and (changes := _rename(new, new["train"])):
        text = yaml.safe_dump(new, sort_keys=False, allow_unicode=True, width=100)
        lines = "\n  ".join(f"train.{old} is now {now}" for old, now in changes.items())
        raise UsageError(
            f"{where} is written for an older convgan:\n  {lines}\nIn today's form it is:\n\n{text}"
        )


def _rename(tree: dict[str, Any], train: dict[str, Any]) -> dict[str, str]:
    """Rename the keys in place, and return the old names, below `train`, with what they are now."""
    changes = {}
    if "average_decay" in train:
        train["ema_decay"] = train.pop("average_decay")
        changes["average_decay"] = "train.ema_decay"
    penalty = train.get("penalty")
    if isinstance(penalty, dict) and "every" in penalty:
        penalty["interval"] = penalty.pop("every")
        changes["penalty.every"] = "train.penalty.interval"
    runtime = tree["runtime"] if isinstance(tree.get("runtime"), dict) else {}
    for key in (key for key in _RUNTIME if key in train):
        tree["runtime"] = runtime = runtime | {key: train.pop(key)}
        changes[key] = f"runtime.{key}"
    given = train["augmentations"] if isinstance(train.get("augmentations"), list) else []
    named = [{"name": entry} if isinstance(entry, str) else entry for entry in given]
    augmentations = {str(entry.get("name")): entry for entry in named if isinstance(entry, dict)}
    for old in (old for old in _AUGMENTATIONS if old in train):
        name, setting = _AUGMENTATIONS[old]
        if value := train.pop(old):
            entry = augmentations.setdefault(name, {"name": name})
            entry.update({setting: value} if setting else {})
            train["augmentations"] = list(augmentations.values())
        changes[old] = f"an entry of train.augmentations, {name}"
    if tree["task"] == "dcgan" and "label_smoothing" in train:
        if smoothing := train.pop("label_smoothing"):  # losses without labels know no 0 either
            train["loss"] = {"name": train.get("loss"), "label_smoothing": smoothing}
        changes["label_smoothing"] = "train.loss.label_smoothing"
    return changes
