"""YAML file or preset, plus `--set` changes, to a checked configuration."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from convgan.config.schema import ClassifierConfig, Config, GanConfig
from convgan.errors import UsageError

_MAX_BYTES = 1_000_000
_TASKS: dict[str, type[ClassifierConfig] | type[GanConfig]] = {
    "classifier": ClassifierConfig,
    "dcgan": GanConfig,
}


def presets() -> dict[str, Path]:
    """Names and files of the configurations that convgan brings along."""
    package = Path(__file__).parent.parent
    folder = package / "configs"  # inside the wheel
    if not folder.is_dir():
        folder = package.parent / "configs"  # in a checkout
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load_config(source: str | Path, changes: list[str] | None = None) -> Config:
    """Read a preset (by its name) or a YAML file, apply `a.b=value` changes, check it all.

    Raises:
        UsageError: the file is not there or is not YAML, a key is unknown, a value is out of
            its range, or a change is not of the form `a.b=value`.
    """
    path = _find(source)
    tree = _read_yaml(path)
    for change in changes or []:
        _apply(tree, change)
    tree.setdefault("name", path.stem)
    task = tree.get("task")
    if task not in _TASKS:
        raise UsageError(f"{path}: task is {task!r}, expected one of: {', '.join(_TASKS)}")
    return _check(_TASKS[task], tree, str(path))


def dump_config(config: Config) -> str:
    """Return the whole configuration as YAML that `load_config` reads back unchanged."""
    tree = config.model_dump(mode="json")
    text: str = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=100)
    return text


def _find(source: str | Path) -> Path:
    known = presets()
    if str(source) in known:
        return known[str(source)]
    path = Path(source).expanduser()
    if path.is_file():
        return path
    if path.suffix in {".yaml", ".yml"} or path.parent != Path():
        raise UsageError(f"no configuration file at {path}")
    near = get_close_matches(str(source), known, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise UsageError(
        f"there is no preset named {str(source)!r}{hint} Presets: {', '.join(known)}. "
        "A file of your own is given by its path, ending in .yaml"
    )


def _read_yaml(path: Path) -> dict[str, Any]:
    size = path.stat().st_size
    if size > _MAX_BYTES:
        raise UsageError(f"{path} has {size} bytes; a configuration has at most {_MAX_BYTES}")
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is not YAML: {error}") from error
    if not isinstance(tree, dict):
        raise UsageError(f"{path} holds {type(tree).__name__}, expected keys and values")
    return tree


def _apply(tree: dict[str, Any], change: str) -> None:
    """Set one value in place; numbers in the path are places in a list (`blocks.0.filters`)."""
    key, equals, text = change.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"--set {change!r}: expected a.b=value, as in train.epochs=5")
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"--set {change!r}: the value is not YAML: {error}") from error
    *parents, last = key.strip().split(".")
    place: Any = tree
    for name in parents:
        if isinstance(place, dict) and place.get(name) is None:
            place[name] = {}
        place = _child(place, name, change)
    if isinstance(place, dict):
        place[last] = value
    else:
        _child(place, last, change)
        place[int(last)] = value


def _child(place: Any, name: str, change: str) -> Any:
    if isinstance(place, dict):
        return place[name]
    if isinstance(place, list):
        if name.isdecimal() and int(name) < len(place):
            return place[int(name)]
        raise UsageError(f"--set {change!r}: {name!r} is not a place in a list of {len(place)}")
    raise UsageError(f"--set {change!r}: {name!r} is below a single value ({place!r})")


def _check(
    schema: type[ClassifierConfig] | type[GanConfig], tree: dict[str, Any], where: str
) -> Config:
    adapter: TypeAdapter[Config] = TypeAdapter(schema)
    try:
        return adapter.validate_python(tree)
    except ValidationError as error:
        lines = [f"{where} is not a valid configuration:"]
        for item in error.errors(include_url=False):
            key = ".".join(str(part) for part in item["loc"]) or "at the top"
            message = item["msg"].removeprefix("Value error, ")
            got = item["input"]
            shown = "" if isinstance(got, dict) else f", got {str(got)!r:.80}"
            lines.append(f"  {key}: {message}{shown}")
        raise UsageError("\n".join(lines)) from error
