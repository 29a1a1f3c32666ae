"""What the documents say is true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from convgan.config import (
    ClassifierRunConfig,
    GanRunConfig,
    GanTrainConfig,
    load_config,
    presets,
)
from convgan.config.kinds import (
    AUGMENTATIONS,
    CLASSIFIERS,
    DISCRIMINATORS,
    GENERATORS,
    LOSSES,
    PENALTIES,
)
from convgan.errors import UsageError

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
EXTENSIONS = ROOT / "tests" / "extensions"
MOST_LINES = 60


def test_the_notebook_page_runs_as_it_stands() -> None:
    page = (ROOT / "docs/notebook.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL):
        exec(block, names)  # the project's own page
    assert names["logits"].shape == (8, 10)
    assert names["images"].shape == (25, 28, 28, 1)
    assert names["grid"].shape == (5 * 84 + 12, 5 * 84 + 12, 1)


@pytest.mark.slow
def test_the_search_of_the_page_on_scale_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs/scale.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    for said, short in (("=20", "=2"), ("epochs=1", 'epochs=1", "--set=data.limit=300')):
        assert said in code
        code = code.replace(said, short)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = re.fullmatch(r"\{'learning_rate': (.*)\} (.*)\n", done.stdout)
    assert found
    rate, accuracy = found.groups()
    assert 1e-4 <= float(rate) <= 3e-2
    assert 0 < float(accuracy) < 1
    assert len(list(tmp_path.glob("search/*/run.json"))) == 2


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", text) + re.findall(r'src="([^"]+)"', text)
    for link in links:
        if not link.startswith("http"):
            assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_configuration_keys_exist(page: Path) -> None:
    """In code, `train.epochs`, `runtime.on_nan: rollback` or `--set data.folder=~/pictures`."""
    known = known_keys()
    for key in keys_in_code(page.read_text(encoding="utf-8")):
        assert key in known, f"{page.name} names {key}"


def test_a_key_that_does_not_exist_is_noticed() -> None:
    text = (
        "`train.epochs`, `--set train.on_nan=stop`\n\n    convgan … --set data.dir=x\n\ntrain.prose"
    )
    found = set(keys_in_code(text))
    assert found == {"train.epochs", "train.on_nan", "data.dir"}
    assert found & known_keys() == {"train.epochs"}


def test_the_smallest_configuration_is_one(tmp_path: Path) -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    text = page.partition("```yaml\n")[2].partition("```")[0]
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    assert load_config(path).task == "classifier"
    for line in text.splitlines()[1:]:
        path.write_text(text.replace(f"{line}\n", ""), encoding="utf-8")
        with pytest.raises(UsageError):
            load_config(path)
    said = page.partition("these three are required, and for a GAN")[2].partition(";")[0]
    required = {name for name, field in GanTrainConfig.model_fields.items() if field.is_required()}
    assert set(re.findall(r"`(\w+)`", said)) == required


def test_presets_begin_with_their_command() -> None:
    for name, path in presets().items():
        first, task = path.read_text(encoding="utf-8").splitlines()[0], load_config(name).task
        assert first.startswith(f"# convgan train-{task}"), name
        assert f"--config {name}" in first or "(its default)" in first, name


def test_each_kind_that_users_add_has_its_short_example() -> None:
    page = ROOT / "docs" / "design.md"
    section = page.read_text(encoding="utf-8").partition("## To add something")[2]
    rows = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("| a")]
    assert len(rows) == len({row.split("|")[1] for row in rows}) == 6
    used = (EXTENSIONS / "test_extensions.py").read_text(encoding="utf-8")
    for row in rows:
        linked = [(page.parent / link).resolve() for link in re.findall(r"\]\(([^)]+)\)", row)]
        assert all(path.is_file() for path in linked), row
        (example,) = [path for path in linked if path.parent == EXTENSIONS]
        assert len(example.read_text(encoding="utf-8").splitlines()) <= MOST_LINES, example
        assert re.search(rf"\b{example.stem}\b", used), example


def keys_in_code(text: str) -> Iterator[str]:
    """Yield the keys below train, runtime and data in a page's code, Python's left out."""
    blocks = re.findall(r"^ {4}.*$", text, flags=re.MULTILINE)
    blocks += re.findall(r"```(?!python).*?```", text, flags=re.DOTALL)
    for code in [*re.findall(r"`([^`\n]+)`", text), *blocks]:
        yield from re.findall(
            r"(?<![\w./])(?:train|runtime|data)(?:\.[a-z][a-z0-9_]*)+(?![\w./(])", code
        )


def known_keys() -> set[str]:
    """Return the dotted keys that a configuration of either task may have, lists left out."""
    entries: list[type[BaseModel]] = []
    for registry in (LOSSES, PENALTIES, AUGMENTATIONS, CLASSIFIERS, GENERATORS, DISCRIMINATORS):
        entries += [registry[name] for name in registry]
    kinds = {entry: entry.__mro__ for entry in entries}

    def below(section: type[BaseModel], key: str) -> Iterator[str]:
        for name, field in section.model_fields.items():
            dotted = f"{key}.{name}" if key else name
            yield dotted
            for part in sections(field.annotation):
                chosen = [entry for entry, bases in kinds.items() if part in bases] or [part]
                for each in chosen:
                    yield from below(each, dotted)

    return {key for task in (ClassifierRunConfig, GanRunConfig) for key in below(task, "")}


def sections(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the sections in a field's type, those of a union or an optional one too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from sections(part)
