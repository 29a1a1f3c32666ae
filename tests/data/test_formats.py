"""Pictures of every format and mode come out with the pixels that were put in."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from convgan.config import DataConfig
from convgan.data import Dataset, load_dataset
from convgan.errors import DataError

Bytes = NDArray[np.uint8]

Y, X = np.mgrid[:9, :12]
GREY = (20 * X + Y).astype(np.uint8)
COLOUR = np.stack([20 * X + Y, 25 * Y, 255 - 10 * X], axis=-1).astype(np.uint8)
FEW = ((X // 3 + 4 * (Y // 4)) % 11).astype(np.uint8)  # 11 colours
PALETTE = np.random.default_rng(7).integers(0, 256, (11, 3), np.uint8)


def load(folder: Path, **settings: Any) -> Dataset:
    return load_dataset(DataConfig.model_validate({"name": "folder", "folder": folder, **settings}))


def pixels(folder: Path, write: Any, **settings: Any) -> Bytes:
    """What a file becomes, twice there as one of two must be for the test."""
    for name in ("1", "2"):
        write(folder / name)
    found: Bytes = load(folder, **settings).train.images[0]
    return found


def saved(image: Image.Image, kind: str, **options: Any) -> Any:
    def write(path: Path) -> None:
        image.save(path.with_suffix(f".{kind.lower()}"), **options)

    return write


def tiff(array: NDArray[Any], tags: Mapping[int, tuple[int, ...]], order: str = "<") -> Any:
    """An uncompressed TIFF by hand, of what Pillow cannot write: all values are 32 bits."""
    content = array.tobytes()
    width, height = array.shape[1], array.shape[0]
    described = {
        256: (width,), 257: (height,), 258: (8 * array.itemsize,), 259: (1,), 262: (1,),
        273: (8,), 277: (array.size // width // height,), 278: (height,), 279: (len(content),),
    } | dict(tags)  # fmt: skip
    entries, more = b"", b""
    behind = 8 + len(content) + 2 + 12 * len(described) + 4
    for tag, values in sorted(described.items()):
        packed = struct.pack(f"{order}{len(values)}I", *values)
        if len(values) > 1:
            packed, more = struct.pack(f"{order}I", behind + len(more)), more + packed
        entries += struct.pack(f"{order}HHI", tag, 4, len(values)) + packed
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8 + len(content))
    directory = struct.pack(f"{order}H", len(described)) + entries + bytes(4)

    def write(path: Path) -> None:
        path.with_suffix(".tif").write_bytes(head + content + directory + more)

    return write


def deep_png(array: NDArray[np.uint16]) -> Any:
    """A PNG of three times 16 bits, which Pillow cannot write."""
    height, width, _ = array.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    chunks = {
        b"IHDR": struct.pack(">2I5B", width, height, 16, 2, 0, 0, 0),
        b"IDAT": zlib.compress(rows),
        b"IEND": b"",
    }
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks.items()
    )
    return lambda path: path.with_suffix(".png").write_bytes(content)


TIFFS: list[dict[str, Any]] = [
    {},
    *({"compression": f"tiff_{name}"} for name in ("lzw", "adobe_deflate", "deflate")),
    {"compression": "packbits"},
]


@pytest.mark.parametrize("options", TIFFS, ids=str)
def test_tiff(tmp_path: Path, options: dict[str, Any]) -> None:
    found = pixels(tmp_path, saved(Image.fromarray(COLOUR), "tiff", **options))
    np.testing.assert_array_equal(found, COLOUR)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIF", "WEBP"])
def test_colour_without_loss(tmp_path: Path, kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    np.testing.assert_array_equal(
        pixels(tmp_path, saved(Image.fromarray(COLOUR), kind, **options)), COLOUR
    )


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF"])
def test_palettes(tmp_path: Path, kind: str) -> None:
    image = Image.fromarray(FEW, "P")
    image.putpalette(PALETTE.tobytes())
    np.testing.assert_array_equal(pixels(tmp_path, saved(image, kind)), PALETTE[FEW])


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_transparent_entry_of_a_palette(tmp_path: Path, kind: str) -> None:
    image = Image.fromarray(FEW, "P")
    image.putpalette(PALETTE.tobytes())
    if kind == "TIFF":
        image = image.convert("RGBA")
        image.putalpha(Image.fromarray(np.where(FEW == 3, 0, 255).astype(np.uint8)))
    write = saved(image, kind, **({"transparency": 3} if kind == "PNG" else {}))
    expected = np.where((FEW == 3)[..., None], (255, 128, 0), PALETTE[FEW])
    np.testing.assert_array_equal(pixels(tmp_path, write, background="#ff8000"), expected)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["png", "tiff", "lzw"])
def test_sixteen_bits_of_grey(tmp_path: Path, kind: str, order: str) -> None:
    deep = GREY.astype(np.uint16) * 256 + np.arange(12, dtype=np.uint16) * 20
    write = saved(Image.fromarray(deep), "png")
    if kind == "tiff":
        write = tiff(deep.astype(f"{order}u2"), {}, order)
    elif kind == "lzw":
        write = saved(Image.fromarray(deep), "tiff", compression="tiff_lzw")
    np.testing.assert_array_equal(pixels(tmp_path, write)[..., 0], GREY)


def test_of_sixteen_bits_none_is_transparent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "convgan")
    write = saved(Image.fromarray(GREY.astype(np.uint16) * 256), "png", transparency=20 * 256)
    np.testing.assert_array_equal(pixels(tmp_path, write)[..., 0], GREY)
    assert "transparent" not in caplog.text


@pytest.mark.parametrize("kind", ["png", "<", ">"])
def test_sixteen_bits_of_colour(tmp_path: Path, kind: str) -> None:
    deep = COLOUR.astype(np.uint16) * 256 + 77
    tags = {258: (16, 16, 16), 262: (2,)}
    write = deep_png(deep) if kind == "png" else tiff(deep.astype(f"{kind}u2"), tags, kind)
    np.testing.assert_array_equal(pixels(tmp_path, write), COLOUR)


def test_white_as_zero(tmp_path: Path) -> None:
    np.testing.assert_array_equal(pixels(tmp_path, tiff(GREY, {262: (0,)}))[..., 0], 255 - GREY)


def test_cmyk(tmp_path: Path) -> None:
    ink = np.concatenate([255 - COLOUR, np.zeros((9, 12, 1), np.uint8)], axis=-1)
    np.testing.assert_array_equal(
        pixels(tmp_path, saved(Image.fromarray(ink, "CMYK"), "tiff")), COLOUR
    )


def test_cmyk_in_a_jpeg_is_not_inverted(tmp_path: Path) -> None:
    ink = np.zeros((16, 16, 4), np.uint8)
    ink[:, :8] = (200, 0, 0, 0)
    ink[:, 8:] = (0, 0, 150, 50)
    found = pixels(tmp_path, saved(Image.fromarray(ink, "CMYK"), "jpg", quality=100)).astype(int)
    np.testing.assert_allclose(found[8, 2], (55, 255, 255), atol=3)
    np.testing.assert_allclose(found[8, 13], (205, 205, 84), atol=3)


TURNED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}
"""How a camera that was held so stores an upright picture."""


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", TURNED)
def test_turned_pictures_are_put_upright(tmp_path: Path, kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(TURNED[orientation](COLOUR)))
    options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
    found = pixels(tmp_path, saved(stored, kind, exif=exif, **options))
    np.testing.assert_array_equal(found, COLOUR)


@pytest.mark.parametrize(
    "write",
    [
        tiff(GREY.astype("<i4"), {}),
        tiff(GREY.astype("<f4"), {339: (3,)}),
        tiff(GREY.astype("<i2"), {339: (2,)}),
        tiff(GREY.astype("<u2"), {262: (0,)}),
        tiff(GREY.astype(np.int8), {339: (2,)}),
        tiff(GREY.repeat(2, axis=1), {258: (12,), 256: (12,)}),
        saved(Image.fromarray(COLOUR), "tiff", compression="lzma"),
    ],
    ids=["32 bits", "floats", "signed", "deep white as zero", "signed bytes", "12 bits", "lzma"],
)
def test_tiffs_that_would_come_out_wrong_are_refused(tmp_path: Path, write: Any) -> None:
    with pytest.raises(DataError, match="is a TIFF of a kind that is not read"):
        pixels(tmp_path, write)


def test_a_tile_as_large_as_memory_is_refused(tmp_path: Path) -> None:
    """libtiff would allocate it before it reads."""
    tags = {322: (1 << 16,), 323: (1 << 16,), 324: (8,), 325: (108,)}
    with pytest.raises(DataError, match="suspiciously large: it has 65536x65536 pixels"):
        pixels(tmp_path, tiff(GREY, tags))


def columns() -> Image.Image:
    """Three times as wide as high: dark, middle, bright."""
    return Image.fromarray(np.repeat(np.array([[50, 100, 200]], np.uint8), 8, axis=1).repeat(8, 0))


def test_what_is_not_square_is_cropped_padded_or_stretched(tmp_path: Path) -> None:
    write = saved(columns(), "png")
    cropped = pixels(tmp_path, write, image_size=24)[..., 0]
    assert (cropped == 100).all()
    padded = pixels(tmp_path, write, image_size=24, fit="pad", background="red")
    assert padded.shape == (24, 24, 1)
    assert (padded[:8] == 76).all()  # ITU-R 601's red
    assert (padded[16:] == 76).all()
    np.testing.assert_array_equal(padded[8:16, ..., 0], np.asarray(columns()))
    stretched = pixels(tmp_path, write, image_size=24, fit="stretch")[..., 0]
    assert stretched[0, [0, 12, 23]].tolist() == [50, 100, 200]
    assert (stretched == stretched[0]).all()
    tall = tmp_path / "tall"
    tall.mkdir()
    upright = saved(columns().transpose(Image.Transpose.ROTATE_90), "png")
    np.testing.assert_array_equal(
        pixels(tall, upright, image_size=24, fit="pad", background="red")[..., 0],
        np.rot90(padded[..., 0]),
    )


def test_a_background_is_said_once_and_only_where_it_shows(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "convgan")
    image = np.dstack([COLOUR, np.where(X < 4, 0, 255).astype(np.uint8)])
    found = pixels(tmp_path, saved(Image.fromarray(image), "png"), background="#0000ff")
    assert (found[:, :4] == (0, 0, 255)).all()
    np.testing.assert_array_equal(found[:, 4:], COLOUR[:, 4:])
    said = "2 of 2 pictures are transparent in places: they are laid on #0000ff (data.background)"
    assert caplog.text.count(said) == 1
    assert pixels(tmp_path, saved(Image.fromarray(image), "png"))[0, 0].tolist() == [255] * 3
    caplog.clear()
    (tmp_path / "opaque").mkdir()
    image[..., 3] = 255
    pixels(tmp_path / "opaque", saved(Image.fromarray(image), "png"))
    assert "transparent" not in caplog.text


@pytest.mark.parametrize("wrong", ["no colour", "#12", "#ff000080", "rgba(1,2,3,4)", "", None, 7])
def test_a_background_is_an_opaque_colour(wrong: Any) -> None:
    with pytest.raises(ValueError, match="is no opaque colour; expected white, another name"):
        DataConfig(name="mnist", background=wrong)
