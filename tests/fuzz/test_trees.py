"""What a strategy says better than damage does: YAML trees, `--set` paths, idx headers."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from convgan.config import dump_config, load_config
from convgan.data import read_idx
from convgan.errors import DataError, UsageError

from .readers import READERS

TREES = [yaml.safe_load(content) for content in READERS["yaml"].corpus(Path())]
NAMES = sorted({name for tree in TREES for name in [*tree, *tree["train"], *tree["data"]]})

keys = st.one_of(
    st.sampled_from(NAMES),
    st.text(st.characters(), max_size=9),
    st.integers(),
    st.none(),
    st.booleans(),
    st.floats(),
    st.dates(),
)
scalars = st.one_of(
    keys,
    st.integers(-(10**50), 10**50),
    st.binary(max_size=9),
    st.datetimes(),
    st.sampled_from(["adam", "mnist", "folder", "dcgan", "~", "é", "r1", 1, 0.5, 8]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)


@st.composite
def configs(draw: st.DrawFn) -> Any:
    """A valid tree, of which some places hold something else."""
    tree = yaml.safe_load(yaml.safe_dump(draw(st.sampled_from(TREES))))
    for _ in range(draw(st.integers(0, 2))):
        place = tree
        while draw(st.booleans()) and isinstance(place, dict) and place:
            inner = place[draw(st.sampled_from(list(place)))]
            place = inner if isinstance(inner, dict) else place
        place[draw(keys)] = draw(values)
    return tree


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trees")


@settings(max_examples=100, deadline=None, database=None)
@given(tree=configs())
def test_any_tree_is_a_configuration_or_a_usage_error(folder: Path, tree: Any) -> None:
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    try:
        config = load_config(path)
    except UsageError:
        return
    path.write_text(dump_config(config), encoding="utf-8")
    assert load_config(path) == config


names = st.one_of(st.sampled_from([*NAMES, "0", "1", "-1", "٣", ""]), st.text(max_size=5))


@settings(max_examples=100, deadline=None, database=None)
@given(keys=st.lists(names, min_size=1, max_size=5), value=values)
def test_any_change_is_applied_or_a_usage_error(folder: Path, keys: list[str], value: Any) -> None:
    path = folder / "changed.yaml"
    if not path.exists():
        path.write_text(yaml.safe_dump(TREES[0]), encoding="utf-8")
    text = yaml.safe_dump(value, default_flow_style=True)
    try:
        load_config(path, [f"{'.'.join(keys)}={text}"])
    except UsageError:
        return


@st.composite
def headers(draw: st.DrawFn) -> tuple[int, list[int], int]:
    """A type, sizes, and how many bytes follow: often as many as the sizes mean."""
    sizes = draw(st.lists(st.one_of(st.integers(0, 5), st.integers(0, 2**32 - 1)), max_size=4))
    meant = min(math.prod(sizes), 100)
    return draw(st.sampled_from([8, 8, 8, 9, 0])), sizes, draw(st.sampled_from([meant, meant, 7]))


@settings(max_examples=200, deadline=None, database=None)
@given(header=headers())
def test_an_idx_file_is_read_if_and_only_if_its_header_is_true(
    folder: Path, header: tuple[int, list[int], int]
) -> None:
    kind, sizes, count = header
    data = bytes(range(count))
    path = folder / "images"
    path.write_bytes(
        bytes([0, 0, kind, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + data
    )
    true = kind == 8 and len(sizes) in (1, 3) and math.prod(sizes) == count > 0
    if not true:
        with pytest.raises(DataError):
            read_idx(path)
        return
    array = read_idx(path)
    assert array.shape == tuple(sizes)
    assert array.tobytes() == data
