"""Pictures of a generator's quality: every pixel where it belongs, every number in the plot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.figure import Figure

from convgan.errors import RunError
from convgan.reporting.galleries import save_nearest_neighbours
from convgan.reporting.images import read_png
from convgan.reporting.quality_plots import save_metric_over_epochs

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

ORANGE = [255, 127, 14]


def pictures(*shape: int) -> NDArray[np.uint8]:
    """Random pictures without white, so that the ground can be told from them."""
    return np.random.default_rng(3).integers(0, 250, shape).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_each_sample_is_framed_and_followed_by_its_neighbours(
    tmp_path: Path, channels: int, texts: list[str]
) -> None:
    """Three samples with two neighbours of 20×30 pixels: scale 3, gaps of 8 and a cell."""
    samples, nearest = pictures(3, 20, 30, channels), pictures(3, 2, 20, 30, channels)
    captions = [["12.5", ""], ["", "7\n8"], ["", ""]]
    save_nearest_neighbours(tmp_path / "a.png", samples, nearest, captions=captions)
    page = read_png(tmp_path / "a.png")
    height, width, line = 60, 90, 15
    below = 2 * line + 4
    assert page.shape == (30 + 2 * (height + below + 8) + 8, 8 * (width + 8) + 8, 3)
    for i in range(3):
        for j in range(3):
            top = 30 + 8 + i // 2 * (height + below + 8)
            left = 8 + (i % 2 * 4 + j) * (width + 8)
            image = samples[i] if j == 0 else nearest[i, j - 1]
            expected = np.kron(image, np.ones((3, 3, 1), np.uint8)) * np.ones(3, np.uint8)
            np.testing.assert_array_equal(page[top : top + height, left : left + width], expected)
            around = [page[top - 2 : top, left : left + width], page[top + 20 :, left - 2 : left]]
            frame = np.concatenate([around[0].reshape(-1, 3), around[1][:20].reshape(-1, 3)])
            assert (frame == (ORANGE if j == 0 else [255, 255, 255])).all()
            under = page[top + height + 4 :, left : left + width]
            first, second = under[:line], under[line : 2 * line]
            caption = "generated" if j == 0 else captions[i][j - 1]
            assert (first.min() < 60) == bool(caption)
            assert (second.min() < 60) == ("\n" in caption)
    assert (page[30 + 8 + height + below + 8 :, 3 * (width + 8) + 8 :] == 255).all()
    assert texts[0].startswith("framed: generated")


def test_the_head_is_never_cut(tmp_path: Path) -> None:
    save_nearest_neighbours(
        tmp_path / "a.png", pictures(1, 28, 28, 1), pictures(1, 1, 28, 28, 1), captions=[["1"]]
    )
    dark = np.flatnonzero((read_png(tmp_path / "a.png")[:30] < 60).any(axis=(0, 2)))
    assert dark[0] >= 8
    assert dark[-1] < read_png(tmp_path / "a.png").shape[1] - 8


def test_large_images_lose_rows_and_columns(tmp_path: Path) -> None:
    samples, nearest = pictures(1, 600, 500, 3), pictures(1, 2, 600, 500, 3)
    save_nearest_neighbours(tmp_path / "a.png", samples, nearest, captions=[["a", "b"]])
    second = read_png(tmp_path / "a.png")[30 + 8 :, 8 + 167 + 8 :][:200, :167]
    np.testing.assert_array_equal(second, nearest[0, 0, ::3, ::3])


def test_captions_of_any_length_and_script_are_drawn(tmp_path: Path) -> None:
    captions = [["x" * 500, "靴\udc80\x00"], ["a$b$", "→ 3"]]
    save_nearest_neighbours(
        tmp_path / "a.png", pictures(2, 8, 8, 1), pictures(2, 2, 8, 8, 1), captions=captions
    )
    page = read_png(tmp_path / "a.png")
    edge = np.concatenate([page[0], page[-1], page[:, 0], page[:, -1]])
    assert (edge == 255).all()


def drawn(path: Path, figures: list[Figure]) -> Axes:
    """The plot's axes, once its file is known to hold a plot of which nothing is cut off."""
    page = read_png(path)
    assert min(page.shape[:2]) > 300
    assert (page < 250).any(axis=-1).mean() > 0.001
    edge = np.concatenate([page[0], page[-1], page[:, 0], page[:, -1]])
    assert (edge == 255).all()
    (axes,) = figures[0].axes
    return axes


def test_a_metric_over_epochs(tmp_path: Path, figures: list[Figure]) -> None:
    points = [(1, 30.5, 2.0), (3, 12.25, None), (5, 14.0, 0.5)]
    save_metric_over_epochs(tmp_path / "a.png", points, name="Fréchet distance", reference=1.23456)
    axes = drawn(tmp_path / "a.png", figures)
    (bars,) = axes.containers
    line, _, (segments,) = bars.lines  # type: ignore[attr-defined]
    np.testing.assert_array_equal(line.get_xydata(), [[1, 30.5], [3, 12.25], [5, 14]])
    assert line.get_marker() == "o"
    ends = {path[0][0]: (path[0][1], path[1][1]) for path in segments.get_segments() if len(path)}
    assert {epoch: pair for epoch, pair in ends.items() if math.isfinite(pair[0])} == {
        1: (28.5, 32.5),
        5: (13.5, 14.5),
    }
    named = {str(each.get_label()): each for each in axes.lines}
    reference = named["real images: 1.235"]
    assert reference.get_linestyle() == "--"
    np.testing.assert_array_equal(reference.get_ydata(), [1.23456, 1.23456])
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["real images: 1.235"]
    assert axes.get_title(loc="left") == "Fréchet distance"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "lower is better")
    low, high = axes.get_xlim()
    assert [tick for tick in axes.get_xticks() if low < tick < high] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("error", [None, 0.5])
def test_one_point_is_visible(tmp_path: Path, figures: list[Figure], error: float | None) -> None:
    save_metric_over_epochs(tmp_path / "a.png", [(4, 12.5, error)], name="KID")
    axes = drawn(tmp_path / "a.png", figures)
    assert axes.get_title(loc="left") == "KID"
    assert axes.get_legend() is None
    low, high = axes.get_xlim()
    assert [tick for tick in axes.get_xticks() if low < tick < high] == [4]
    blue = (read_png(tmp_path / "a.png") == [31, 119, 180]).all(axis=-1)
    assert blue.sum() > 10


@pytest.mark.parametrize(
    "name",
    ["W" * 500, "靴\n$a_{b$\x00\udc80", "Fréchet distance, " * 40, "i" * 500 + "W " * 90, ""],
)
def test_names_of_any_length_and_script_fit(
    tmp_path: Path, figures: list[Figure], name: str
) -> None:
    save_metric_over_epochs(tmp_path / "a.png", [(1, 2.0, None), (2, 1.0, None)], name=name)
    axes = drawn(tmp_path / "a.png", figures)
    lines = axes.get_title(loc="left").split("\n")
    assert len(lines) <= 3
    assert len(name) < 200 or lines[-1].endswith("…")


def test_a_name_that_fits_is_whole(tmp_path: Path, figures: list[Figure]) -> None:
    name = "Fréchet distance of 10,000 samples in the features of evaluator-fashion-0001, " * 2
    save_metric_over_epochs(tmp_path / "a.png", [(1, 2.0, None)], name=name)
    title = drawn(tmp_path / "a.png", figures).get_title(loc="left")
    assert " ".join(title.split()) == name.strip()


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "a.png"
    with pytest.raises(RunError, match="cannot write"):
        save_metric_over_epochs(target, [(1, 2.0, None)], name="KID")
    with pytest.raises(RunError, match="cannot write"):
        save_nearest_neighbours(
            target, pictures(1, 8, 8, 1), pictures(1, 1, 8, 8, 1), captions=[["a"]]
        )
