"""YAML file or preset, plus `--set` changes, to a checked configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from convgan.config.plain_yaml import MAX_DIGITS, parse_yaml, read_yaml
from convgan.config.schema import ClassifierRunConfig, Config, DataConfig, GanRunConfig
from convgan.errors import UsageError, did_you_mean

_MAX_MISTAKES = 20
_TASKS: dict[str, type[ClassifierRunConfig] | type[GanRunConfig]] = {
    "classifier": ClassifierRunConfig,
    "dcgan": GanRunConfig,
}
DEFAULT_PRESETS = {"classifier": "classifier-mnist", "dcgan": "dcgan-fashion"}


def presets() -> dict[str, Path]:
    """Names and files of the configurations that convgan brings along."""
    package = Path(__file__).parent.parent
    found = [*package.glob("configs/*.yaml")] or package.parent.glob("configs/*.yaml")  # a checkout
    return {path.stem: path for path in sorted(found)}


def load_config(
    source: str | Path | Mapping[str, Any], changes: Sequence[str] | None = None
) -> Config:
    """Read a preset (by its name) or a YAML file, apply `a.b=value` changes, check it all.

    It may also be plain values with a `name`, which were chosen for the pictures of `--data`.

    Raises:
        UsageError: the file is not there or is not YAML, a key is unknown, a value is out of
            its range, or a change is not of the form `a.b=value`.
    """
    if isinstance(source, Mapping):
        tree, where = deepcopy(dict(source)), "what was chosen for --data"
    else:
        path = _find(source)
        tree, where = {"name": path.stem, **read_yaml(path)}, str(path)
    for change in changes or []:
        _apply(tree, change)
    given = "".join(f" --set {change:.100}" for change in changes or [])
    return check_config(tree, f"{where}{f' with{given}' if given else ''}")


def load_data_section(
    name: str, changes: Sequence[str] = (), *, folder: Path | None = None
) -> DataConfig:
    """Return a configuration's `data` alone: of this name and folder, nothing held out, changed.

    Raises:
        UsageError: as `load_config`.
    """
    given = ["data.validation=0", f"data.name={name}"]
    if folder:
        given.append(folder_change(folder))
    return load_config("classifier-mnist", [*given, *changes]).data


def folder_change(folder: Path) -> str:
    """Return the change that sets `data.folder`, whatever signs its name has."""
    return f"data.folder={json.dumps(str(folder), ensure_ascii=False)}"


def check_config(tree: dict[str, Any], where: str) -> Config:
    """Return the configuration that plain values describe, which are from `where`.

    Raises:
        UsageError: a key is unknown, or a value is out of its range.
    """
    task = tree.get("task")
    if not isinstance(task, str) or task not in _TASKS:
        raise UsageError(f"{where}: task is {task!r:.80}, expected one of: {', '.join(_TASKS)}")
    try:
        return _TASKS[task].model_validate(tree)
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
        lines = [_explained(mistake, task) for mistake in mistakes[:_MAX_MISTAKES]]
        if len(mistakes) > _MAX_MISTAKES:
            lines.append(f"and {len(mistakes) - _MAX_MISTAKES:,} more")
        lines = [f"{where} is not a valid configuration:", *lines]
        raise UsageError("\n  ".join(lines)) from error


def dump_config(config: Config) -> str:
    """Return the whole configuration as YAML that `load_config` reads back unchanged."""
    tree = config.model_dump(mode="json")
    return str(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=100))


def _find(source: str | Path) -> Path:
    known = presets()
    if str(source) in known:
        return known[str(source)]
    try:
        path = Path(source).expanduser()
        if path.is_file():
            return path
    except (OSError, RuntimeError) as error:  # RuntimeError: no such ~user
        raise UsageError(f"no configuration file at {str(source)!r}: {error}") from error
    if path.suffix or path.parent != Path():
        raise UsageError(f"no configuration file at {path}")
    hint = did_you_mean(source, known, "expected one of")
    raise UsageError(
        f"there is no preset named {str(source)!r}; {hint} ({', '.join(known)}). "
        "A file of your own is given by its path, ending in .yaml"
    )


def _apply(tree: dict[str, Any], change: str) -> None:
    """Set one value in place; numbers in the path are indices in a list (`blocks.0.filters`)."""
    key, equals, text = change.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"--set {change!r:.200}: expected a.b=value, as in train.epochs=5")
    value = parse_yaml(text, f"--set {change!r:.200}: the value")
    *parents, last = key.strip().split(".")
    section: Any = tree
    for name in parents:
        if isinstance(section, dict):
            before = section.get(name)
            if before is None or isinstance(before, str):  # `loss: hinge` stands for its name
                section[name] = {} if before is None else {"name": before}
        section = section[_place(section, name, change)]
    section[_place(section, last, change)] = value


def _place(section: Any, name: str, change: str) -> str | int:
    """Return the key or the index that a part of a dotted path means in this section."""
    if isinstance(section, dict):
        return name
    if not isinstance(section, list):
        raise UsageError(f"--set {change!r:.200}: {name!r} is below a single value ({section!r})")
    # Its digits are counted before it is a number: Python refuses more than 4300 by an error.
    if name.isdecimal() and len(name) <= MAX_DIGITS and int(name) < len(section):
        return int(name)
    raise UsageError(
        f"--set {change!r:.200}: {name!r:.80} is not an index in a list of {len(section)}"
    )


def _explained(mistake: Mapping[str, Any], task: str) -> str:
    """Say which key it is, what is expected there, with an example, and what was got."""
    place, got, kind = mistake["loc"], mistake["input"], mistake["type"]
    message = mistake["msg"].removeprefix("Value error, ")
    if kind == "missing":
        message = f"is missing{_example(place, task)}"
    elif kind in {"model_type", "model_attributes_type", "dict_type"}:
        message = f"expected keys and values{_example(place, task)}"
    elif kind == "tuple_type":
        message = f"expected a list{_example(place, task)}"
    elif kind.startswith("union_tag"):
        message = f"has no name{_example(place, task)}"
        if names := mistake["ctx"].get("expected_tags"):
            message = f"name {mistake['ctx']['tag']!r:.80} is not known, expected one of {names}"
    shown = "" if isinstance(got, dict) else f"; got {got!r:.80}"
    return f"{'.'.join(map(str, place)) or 'at the top':.200}: {message:.1000}{shown}"


def _example(place: Sequence[str | int], task: str) -> str:
    """Return what stands at this key in the task's default preset, to be pasted."""
    value = read_yaml(presets()[DEFAULT_PRESETS[task]])
    for part in place:
        try:
            value = value[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return ""
    text = yaml.safe_dump({place[-1]: value}, default_flow_style=True, sort_keys=False, width=9999)
    return f", for example {text.strip()[1:-1]}"
