"""Photographs of handwritten digits, drawn in many ways; a number is the same one each time."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.interpolate import make_interp_spline
from scipy.ndimage import gaussian_filter

COUNT = 30
Colour = tuple[int, int, int]
Strokes = tuple[str, ...]

# Points of strokes, each x and y in percent of the digit's box; those that begin with ~ are curves.
HANDS: tuple[tuple[Strokes, ...], ...] = (
    (
        ("~50,0 14,30 16,72 50,100 85,70 84,28 50,0",),
        ("50,0 50,100",),
        ("~15,25 45,0 80,20 65,55 10,100", "10,100 90,100"),
        ("~20,10 60,0 80,22 45,45", "~45,45 88,70 55,100 12,88"),
        ("60,0 10,65 92,65", "65,35 65,100"),
        ("80,0 25,0 20,45", "~20,45 60,38 85,68 55,100 12,90"),
        ("~75,2 35,30 15,70 45,100 80,75 50,52 18,70",),
        ("10,2 90,2 40,100",),
        ("~80,15 45,0 20,22 50,47 82,75 50,100 18,75 50,47 80,15",),
        ("~82,30 50,0 20,28 50,52 80,30", "~82,25 78,60 65,100"),
    ),
    (
        ("~60,2 25,20 20,60 40,98 75,80 80,35 55,0",),
        ("28,30 56,0 56,100",),
        ("~15,20 50,0 80,25 45,75 15,95 10,85 30,82 60,97 92,92",),
        ("15,2 80,2 45,40", "~45,40 85,60 70,95 15,95"),
        ("22,0 15,55 88,55", "75,20 70,100"),
        ("~25,5 20,45 55,40 82,65 60,98 15,92", "25,5 85,2"),
        ("~60,0 20,55 25,95 65,95 75,65 28,62",),
        ("12,8 85,5 45,100", "28,50 76,48"),
        ("~50,48 20,25 50,0 80,25 50,48", "~50,48 15,75 50,100 85,75 50,48"),
        ("~75,10 35,5 20,30 45,50 75,30 78,10", "~78,10 80,70 55,98 20,90"),
    ),
    (
        ("~70,8 30,5 8,50 30,95 70,92 94,45 66,4 55,12",),
        ("60,0 40,100",),
        ("~20,30 35,3 75,10 70,45 20,98", "~20,98 50,90 95,100"),
        ("~15,15 55,2 75,25 40,48 80,68 50,100 10,92",),
        ("~70,0 40,30 10,70", "10,70 90,62", "62,40 58,100"),
        ("90,5 35,0", "35,0 28,40", "~28,40 65,42 78,75 45,100 10,95"),
        ("~55,0 25,40 18,80 50,100 78,80 60,60 25,75",),
        ("~8,12 50,6 92,4", "~92,4 60,50 50,100"),
        ("~85,10 40,5 30,30 70,65 60,98 20,90 35,60 80,30 85,10",),
        ("~80,20 40,10 25,40 60,50 82,18", "82,18 78,100"),
    ),
)


class Surface(NamedTuple):
    """What is written on, and with what."""

    ground: Colour
    ink: Colour
    pen: tuple[float, float]
    """Thinnest and thickest, in hundredths of the digit's height."""
    lines: str = ""
    """`squares`, `lines` or none."""
    chalk: bool = False


SURFACES = (
    Surface((244, 243, 238), (25, 35, 110), (3, 5)),  # a ball pen
    Surface((232, 224, 205), (40, 38, 36), (6, 9)),  # a felt pen on cream paper
    Surface((45, 62, 54), (228, 228, 220), (7, 10), chalk=True),  # a green board
    Surface((240, 242, 244), (30, 50, 140), (4, 6), "squares"),
    Surface((205, 203, 198), (95, 95, 100), (4, 6)),  # a pencil on recycled paper
    Surface((50, 50, 52), (240, 214, 120), (8, 11), chalk=True),  # yellow on black
    Surface((250, 250, 250), (190, 30, 40), (9, 13)),  # a marker on a white board
    Surface((238, 236, 230), (20, 20, 22), (5, 7), "lines"),
    Surface((196, 160, 118), (60, 30, 20), (8, 12)),  # on cardboard
    Surface((242, 240, 235), (20, 110, 60), (5, 8), "squares"),
)


def photograph(number: int) -> tuple[bytes, int]:
    """Return a photograph as a JPEG file, and the digit that is on it.

    Each digit is there in three hands; surface and size follow the number, all else is drawn.
    """
    rng = np.random.default_rng(number)
    digit, hand = number % 10, number // 10 % len(HANDS)
    surface = SURFACES[(number + 3 * hand) % len(SURFACES)]
    sizes = ((640, 480), (480, 640), (900, 600), (320, 320), (1200, 900), (300, 420), (800, 450))
    width, height = sizes[number % len(sizes)]
    tall = rng.uniform(0.3, 0.65) * min(width, height)
    ink = _ink(rng, HANDS[hand][digit], surface, (width, height), tall)
    if surface.chalk:
        ink *= 1 - 0.75 * (gaussian_filter(rng.random(ink.shape), 1.2) > 0.53)
    paper = _paper(rng, surface, (width, height))
    colours = paper + ink[..., None] * (np.array(surface.ink) - paper)
    colours = gaussian_filter(colours, (*[rng.uniform(0.4, 1.1) * max(width, height) / 640] * 2, 0))
    colours = colours * _light(rng, height, width)[..., None]
    colours += rng.normal(0, rng.uniform(1, 7), colours.shape)
    stream = io.BytesIO()
    picture = Image.fromarray(colours.clip(0, 255).astype(np.uint8))
    picture.save(stream, "JPEG", quality=int(rng.integers(35, 92)))
    return stream.getvalue(), digit


def _ink(
    rng: np.random.Generator,
    strokes: Strokes,
    surface: Surface,
    size: tuple[int, int],
    tall: float,
) -> NDArray[np.float64]:
    """Return how much ink is where, 0 to 1: leaning, turned up to 15°, wobbling, off-centre."""
    angle, lean = np.radians(rng.uniform(-15, 15)), rng.uniform(-0.05, 0.2)
    slant = np.array([[1, -lean], [0, 1]]) * [rng.uniform(0.5, 0.75), 1]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    room = np.array(size) / 2 - 0.62 * tall
    middle = np.array(size) / 2 + rng.uniform(-1, 1, 2) * room.clip(0)
    pen = rng.uniform(*surface.pen) / 100 * tall
    picture = Image.new("L", size, 0)
    draw = ImageDraw.Draw(picture)
    for stroke in strokes:
        points = _path(stroke) + rng.normal(0, 0.012, 2)
        points += 0.012 * gaussian_filter(rng.normal(0, 10, points.shape), (25, 0))
        places = middle + tall * (points - 0.5) @ slant.T @ turn.T
        pressure = 1 + gaussian_filter(rng.normal(0, 1.5, len(points)), 20)
        for (x, y), much in zip(places, pressure, strict=True):
            radius = pen / 2 * float(np.clip(much, 0.7, 1.3))
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(picture, np.float64) / 255


def _path(stroke: str) -> NDArray[np.float64]:
    """Return 200 points along a stroke, each x and y from 0 to 1."""
    corners = np.array([point.split(",") for point in stroke.lstrip("~").split()], np.float64) / 100
    way = np.r_[0, np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))]
    degree = min(3, len(corners) - 1) if stroke.startswith("~") else 1
    return np.asarray(make_interp_spline(way, corners, degree)(np.linspace(0, way[-1], 200)))


def _paper(
    rng: np.random.Generator, surface: Surface, size: tuple[int, int]
) -> NDArray[np.float64]:
    """Return the ground (H, W, 3): fibres, lines, and on a board what was wiped off."""
    picture = Image.new("RGB", size, surface.ground)
    draw, step, start = ImageDraw.Draw(picture), max(size) // 22, int(rng.integers(0, 20))
    if surface.lines:
        for y in range(start, size[1], step if surface.lines == "squares" else 2 * step):
            draw.line([(0, y), (size[0], y + 3)], (176, 196, 220), max(1, size[0] // 500))
    if surface.lines == "squares":
        for x in range(start, size[0], step):
            draw.line([(x, 0), (x - 3, size[1])], (176, 196, 220), max(1, size[0] // 500))
    if surface.lines == "lines":
        draw.line([(size[0] // 9, 0), (size[0] // 9, size[1])], (220, 150, 150), 2)
    fibres = gaussian_filter(rng.normal(0, 1, (size[1], size[0])), 1.5) * 6
    wiped = gaussian_filter(rng.normal(0, 1, (size[1], size[0])), (8, 60)) * 90 * surface.chalk
    return np.asarray(np.asarray(picture, np.float64) + (fibres + wiped)[..., None])


def _light(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float64]:
    """Return how bright it is where: from one side, darker in the corners, some with a shadow."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    side = rng.uniform(0, 2 * np.pi)
    across = np.cos(side) * x + np.sin(side) * y
    light = 1 + rng.uniform(0, 0.28) * across - rng.uniform(0, 0.12) * (x * x + y * y)
    if rng.random() < 0.4:
        light *= 1 - 0.3 / (1 + np.exp(-12 * (across - rng.uniform(0.3, 0.9))))
    return np.asarray(light * rng.uniform(0.75, 1.0))
