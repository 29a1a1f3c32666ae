"""A photographed digit to a picture such as MNIST's: 28×28, light on dark, centred by its mass.

LeCun et al., 1998, section III.A, say how MNIST was made: the digit is scaled to fit 20×20 pixels,
its proportions kept, and its centre of mass is put in the middle of 28×28. Before that it must be
found here: on paper or a board, in shade, beside specks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

SIDE, _BOX = 28, 20
_LOOKED_AT = 256  # pixels of the longer side, to which a photograph is made smaller first
_TRUE_INK = 0.35  # of the darkest ink, from which a pixel is part of a stroke
_SPECK = 0.06  # of the largest stroke's ink, below which a part is dirt
_THINNEST = 2.0  # pixels of a stroke in the box; MNIST's have 2 to 4

Grey = NDArray[np.float64]


class NoDigitError(ValueError):
    """There is nothing on the picture, or nothing that stands out."""


def as_mnist(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], str]:
    """Return the digit of a grey picture (H, W), uint8 (28, 28), and in words what was done.

    A picture of 28×28 whose edge is dark already is such a one and stays as it is.

    Raises:
        NoDigitError: there is none.
    """
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    if pixels.shape == (SIDE, SIDE) and edge.max() < 100:
        return pixels, "as it is"
    picture = Image.fromarray(pixels)
    picture.thumbnail((_LOOKED_AT, _LOOKED_AT), Image.Resampling.LANCZOS)
    contrast = _without_background(np.asarray(picture, np.float64))
    dark = bool((contrast**3).sum() < 0)  # strokes are few and far from the ground
    ink = _strokes(-contrast if dark else contrast)
    [around] = ndimage.find_objects((ink > 0).astype(int))
    ink = ink[around]
    found = f"{ink.shape[1]}×{ink.shape[0]} of {picture.width}×{picture.height}"
    done = f"{'dark' if dark else 'light'} digit, {found}"
    return _centred(_boxed(_thick_enough(ink))), done


def _without_background(grey: Grey) -> Grey:
    """Subtract the ground: a quadratic surface, fitted to what does not stand out."""
    y, x = np.mgrid[-1 : 1 : grey.shape[0] * 1j, -1 : 1 : grey.shape[1] * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6)
    values = grey.ravel()
    ground = np.full(len(values), True)
    for _ in range(6):
        surface = terms @ np.linalg.lstsq(terms[ground], values[ground], rcond=None)[0]
        distance = np.abs(values - surface)
        ground = distance <= max(2.5 * np.median(distance), 1.0)
    return np.asarray(values - surface, np.float64).reshape(grey.shape)


def _strokes(contrast: Grey) -> Grey:
    """Return the ink of the digit alone, 0 to 1, of what is light against the ground."""
    smooth = ndimage.gaussian_filter(contrast, max(contrast.shape) / _LOOKED_AT)
    noise = 1.4826 * np.median(np.abs(smooth))
    darkest = np.quantile(smooth, 0.995)
    if darkest < max(6 * noise, 12):
        raise NoDigitError("nothing on it stands out from the ground")
    ink = np.clip(smooth / darkest, 0, 1)
    mask = ink > _TRUE_INK
    reach = max(1, round(max(contrast.shape) / 40))  # parts of a broken stroke are one
    parts, count = ndimage.label(ndimage.binary_dilation(mask, iterations=reach))
    numbers = np.arange(1, count + 1)
    amounts = ndimage.sum_labels(ink * mask, parts, numbers)
    border = np.ones_like(mask)
    border[1:-1, 1:-1] = False
    at_edge = ndimage.sum_labels(mask & border, parts, numbers)
    amounts[at_edge >= 0.1 * sum(mask.shape)] = 0  # a shadow, or a frame
    if not amounts.any():
        raise NoDigitError("what stands out lies along the edge")
    kept = numbers[amounts > _SPECK * amounts.max()]
    return np.where(np.isin(parts, kept) & (ink > _TRUE_INK / 2), ink, 0.0)


def _thick_enough(ink: Grey) -> Grey:
    """Widen the strokes of a thin pen, which would fade when they are made smaller."""
    mask = ink > _TRUE_INK
    distance = ndimage.distance_transform_edt(np.pad(mask, 1))
    ridge = distance[(distance >= ndimage.maximum_filter(distance, 3)) & (distance > 0)]
    width = 2 * float(np.mean(ridge)) - 0.5
    scale = _BOX / max(ink.shape)
    missing = round((_THINNEST / scale - width) / 2)
    if missing < 1:
        return ink
    offsets = np.mgrid[-missing : missing + 1, -missing : missing + 1]
    disc = (offsets**2).sum(axis=0) <= missing**2 + 0.5
    return np.asarray(ndimage.grey_dilation(np.pad(ink, missing), footprint=disc), np.float64)


def _boxed(ink: Grey) -> NDArray[np.float64]:
    """Scale to fit 20×20, as bright as MNIST's strokes."""
    height, width = ink.shape
    scale = _BOX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    picture = Image.fromarray(ink.astype(np.float32)).resize(size, Image.Resampling.BOX)
    small = np.asarray(picture, np.float64)
    return np.clip(small / np.quantile(small[small > 0], 0.9), 0, 1)


def _centred(small: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Put the centre of mass in the middle of 28×28."""
    canvas = np.zeros((3 * SIDE, 3 * SIDE))
    canvas[SIDE : SIDE + small.shape[0], SIDE : SIDE + small.shape[1]] = small
    row, column = (round(float(at) - SIDE / 2 + 0.5) for at in ndimage.center_of_mass(canvas))
    made = canvas[row : row + SIDE, column : column + SIDE]
    return np.round(made * 255).astype(np.uint8)
