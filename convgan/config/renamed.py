"""Configurations of the old form: one error that gives them in today's."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from convgan.errors import UsageError

_MOVED = {
    "train.average_decay": "train.ema_decay",
    "train.penalty.every": "train.penalty.interval",
    "train.steps_per_call": "runtime.steps_per_call",
    "train.checkpoint_every": "runtime.checkpoint_every",
    "train.keep_checkpoints": "runtime.keep_checkpoints",
    "train.on_nan": "runtime.on_nan",
}
_AUGMENTATIONS = {
    "train.augment_flip": ("flip", None),
    "train.augment_shift": ("shift", "pixels"),
    "train.augment_rotate": ("affine", "degrees"),
    "train.augment_scale": ("affine", "scale"),
    "train.augment_erase": ("cutout", "size"),
}


def refuse_old_form(tree: dict[str, Any], where: str) -> None:
    """Raise an error that names all renamed keys, and has the configuration ready to paste.

    Raises:
        UsageError: a key of the old form is there.
    """
    try:
        new = copy.deepcopy(tree)
        changes = _renamed(new)
        text = (
            yaml.safe_dump(new, sort_keys=False, allow_unicode=True, width=100) if changes else ""
        )
    except RecursionError:  # no configuration of any form is so deep; the check says where
        return
    if changes:
        raise UsageError(
            f"{where} is written for an older convgan:\n  "
            + "\n  ".join(changes)
            + f"\nIn today's form it is:\n\n{text}"
        )


def _renamed(tree: dict[str, Any]) -> list[str]:
    """Rename the keys in place, and return what was renamed, in words."""
    changes = []
    for old, now in _MOVED.items():
        value = _taken(tree, old)
        if value is not None:
            _put(tree, now, value)
            changes.append(f"{old} is now {now}")
    for old, (name, setting) in _AUGMENTATIONS.items():
        value = _taken(tree, old)
        if value is not None:
            if value:
                _augment(tree, name, {setting: value} if setting else {})
            changes.append(f"{old} is now an entry of train.augmentations, {name}")
    smoothing = None if tree.get("task") != "dcgan" else _taken(tree, "train.label_smoothing")
    if smoothing is not None:
        if smoothing:  # the losses without labels know no 0 either
            loss = {"name": tree["train"].get("loss"), "label_smoothing": smoothing}
            _put(tree, "train.loss", loss)
        changes.append("train.label_smoothing is now train.loss.label_smoothing")
    return changes


def _taken(tree: dict[str, Any], key: str) -> Any:
    """Take the value at a dotted key out of the tree; None if it is not there."""
    *parents, last = key.split(".")
    section: Any = tree
    for name in parents:
        section = section.get(name) if isinstance(section, dict) else None
    return section.pop(last, None) if isinstance(section, dict) else None


def _put(tree: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    section = tree
    for name in parents:
        if not isinstance(section.get(name), dict):
            section[name] = {}
        section = section[name]
    section[last] = value


def _augment(tree: dict[str, Any], name: str, settings: dict[str, Any]) -> None:
    """Add an augmentation, or a setting to the one that is there."""
    present = tree["train"].get("augmentations")
    augmentations = present if isinstance(present, list) else []
    tree["train"]["augmentations"] = augmentations
    for entry in augmentations:
        if isinstance(entry, dict) and entry.get("name") == name:
            entry.update(settings)
            return
    augmentations.append({"name": name, **settings})
