"""Grids to the pixel, and PNG files that are whole or refused."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from convgan.errors import DataError, RunError, UsageError
from convgan.reporting.figures import plain_text
from convgan.reporting.images import image_grid, read_png, save_png, thinned

if TYPE_CHECKING:
    from pathlib import Path


def test_grid_is_row_major_and_blank_cells_are_white() -> None:
    images = np.array([[[1, 2]], [[3, 4]], [[5, 6]]], np.uint8)[..., None]  # three of 1×2
    grid = image_grid(images, 2, gap=1)
    w = 255
    expected = [
        [w, w, w, w, w, w, w],
        [w, 1, 2, w, 3, 4, w],
        [w, w, w, w, w, w, w],
        [w, 5, 6, w, w, w, w],
        [w, w, w, w, w, w, w],
    ]
    np.testing.assert_array_equal(grid[..., 0], expected)


def test_scale_repeats_pixels_and_keeps_colours_and_gap() -> None:
    image = np.array([[[10, 20, 30], [40, 50, 60]]], np.uint8)[None]  # one of 1×2, in colour
    grid = image_grid(image, 1, gap=1, scale=2)
    assert grid.shape == (4, 6, 3)
    a, b = [10, 20, 30], [40, 50, 60]
    np.testing.assert_array_equal(grid[1:3, 1:5], [[a, a, b, b], [a, a, b, b]])
    grid[1:3, 1:5] = 255
    assert (grid == 255).all()


@settings(max_examples=30, deadline=None)
@given(
    count=st.integers(1, 7),
    columns=st.integers(1, 9),
    gap=st.integers(0, 3),
    scale=st.integers(1, 3),
    channels=st.sampled_from([1, 3]),
)
def test_every_picture_is_where_it_belongs(
    count: int, columns: int, gap: int, scale: int, channels: int
) -> None:
    images = np.random.default_rng(0).integers(0, 255, (count, 2, 3, channels)).astype(np.uint8)
    grid = image_grid(images, columns, gap=gap, scale=scale)
    rows = (count + columns - 1) // columns
    height, width = 2 * scale, 3 * scale
    assert grid.shape == (
        rows * (height + gap) + gap,
        columns * (width + gap) + gap,
        channels,
    )
    for i, image in enumerate(images):
        y = gap + i // columns * (height + gap)
        x = gap + i % columns * (width + gap)
        cell = grid[y : y + height, x : x + width]
        np.testing.assert_array_equal(cell[::scale, ::scale], image)


def test_any_class_name_becomes_one_line_that_can_be_drawn() -> None:
    assert plain_text(" a\t b\udc80\x00 ") == "a b??"
    assert plain_text("→ Zürich ", 8) == "→ Zürich"
    assert plain_text("→ Zürich ", 7) == "→ Züri…"


def test_grid_refuses_more_pixels_than_memory_has() -> None:
    with pytest.raises(UsageError, match="grid of"):
        image_grid(np.zeros((1, 4, 4, 1), np.uint8), 1, scale=9000)


@pytest.mark.parametrize("shape", [(2, 3, 1), (2, 3, 3)])
def test_png_gives_back_what_was_saved(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    path = tmp_path / "new" / "a.png"
    save_png(path, array)
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    np.testing.assert_array_equal(read_png(path), array)
    assert [p.name for p in path.parent.iterdir()] == ["a.png"]


def test_save_where_no_file_can_be_is_an_error_for_people(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "a.png", tmp_path):
        with pytest.raises(RunError, match=f"cannot write {path}"):
            save_png(path, np.zeros((2, 2, 1), np.uint8))
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_palette_and_transparent_pngs_are_read_as_colour(tmp_path: Path) -> None:
    red = Image.new("RGB", (2, 1), (255, 0, 0))
    for mode in ("P", "RGBA"):
        path = tmp_path / f"{mode}.png"
        red.convert(mode).save(path)
        np.testing.assert_array_equal(read_png(path), [[[255, 0, 0]] * 2])


def test_read_refuses_what_is_not_there_or_no_png(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no picture at"):
        read_png(tmp_path / "none.png")
    with pytest.raises(DataError, match="no picture at"):
        read_png(tmp_path)
    text = tmp_path / "text.png"
    text.write_text("hello")
    jpeg = tmp_path / "jpeg.png"
    Image.new("L", (4, 4)).save(jpeg, format="JPEG")
    for path in (text, jpeg):
        with pytest.raises(DataError, match="not a readable PNG"):
            read_png(path)
    deep = tmp_path / "deep.png"
    Image.fromarray(np.zeros((2, 2), np.uint16)).save(deep)
    with pytest.raises(DataError, match="16 bits"):
        read_png(deep)


def test_read_refuses_any_cut_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    noise = np.random.default_rng(0).integers(0, 256, (16, 16)).astype(np.uint8)
    save_png(path, noise[..., None])
    whole = path.read_bytes()
    for length in range(0, len(whole) - 20, 7):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match="not a readable PNG"):
            read_png(path)


@pytest.mark.parametrize("side", [9_000, 12_000, 60_000])
def test_read_refuses_a_bomb_by_its_header(tmp_path: Path, side: int) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b""))
    with pytest.raises(DataError, match="at most 64000000 pixels"):
        read_png(path)


def test_of_large_images_every_nth_pixel_is_drawn_among_many() -> None:
    small = np.arange(2 * 256 * 4, dtype=np.uint32).astype(np.uint8).reshape(2, 256, 4, 1)
    assert np.array_equal(thinned(small), small)
    large = small.repeat(3, axis=1).repeat(3, axis=2)
    assert np.array_equal(thinned(large), small)
