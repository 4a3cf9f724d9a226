"""One volume over another, in colours that survive grey print and colour blindness: lines, warmth, squares.

Lines were chosen over a blend of two colours by eye, on phantoms and on MR, CT and PET of patients: what is
bright in one sequence and dark in the other colours a blend where nothing is out of place.
"""

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from PIL import Image

from sarcoma_core.report.borders import Mask
from sarcoma_core.report.planes import Size

Levels = npt.NDArray[np.float32]
"""Grey levels from 0 black to 1 white, shape (rows, columns)."""

Colours = npt.NDArray[np.float32]
"""Red, green and blue from 0 to 1, shape (rows, columns, 3)."""

LINE = (1.0, 0.84, 0.0)
"""Yellow: lighter than `_DIMMED` white is, also in grey."""

COOL_LINE = (0.3, 1.0, 1.0)
"""On warm colours."""

_DIMMED = 0.65
"""White of what lies under lines."""

SQUARE_MM = 20.0

_SMOOTHING_MM, _SMOOTHING = 2.0, 1.6
"""Standard deviation before edges are looked for: mm, and at least so many pixels."""

_GAMMA = 0.7
"""Dark tissue under fat saturation has edges too: levels are raised to this power before. Not those of PET,
whose noise is there."""

_STRONG, _WEAK = 85.0, 0.4
"""A line begins where the gradient is in the strongest 15 % of what is not flat, and goes on down to a part
of that (Canny 1986, hysteresis)."""

_FLAT = 0.02
"""A gradient below this part of the greatest is noise in air."""

_FAINT = 0.03
"""Levels a mm from which on a line may begin: the streaks of a CT stay below, muscle on fat is twice that."""

_SMALLEST = 4
"""Pixels of a side that a recursive filter needs."""

_WARMTH_HIDES = 0.75
"""How much of what is below a warm colour is hidden at most."""

_STEPS = 51
"""Of each colour in the picture: more cost bytes and are not seen."""


def resized(levels: npt.NDArray[np.floating], size: Size) -> Levels:
    """A picture of another size; linear, so that no value lies outside of those around it."""
    image = Image.fromarray(np.ascontiguousarray(levels, dtype=np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR), dtype=np.float32)


def edges(levels: Levels, mm: float) -> Mask:
    """Thin lines along the strongest gradients (Canny 1986); none where a picture is flat.

    Args:
        levels: the picture.
        mm: of a pixel.

    Source:
        Canny J. A computational approach to edge detection. IEEE PAMI 8(6):679-698, 1986.
    """
    none = np.zeros(levels.shape, dtype=np.bool_)
    if min(levels.shape) < _SMALLEST:
        return none
    image = sitk.GetImageFromArray(levels)
    wide = max(_SMOOTHING, _SMOOTHING_MM / mm)
    slope = sitk.GetArrayFromImage(sitk.GradientMagnitudeRecursiveGaussian(image, wide))
    steep = slope[slope > _FLAT * slope.max()]
    if not steep.size:
        return none
    strong = max(float(np.percentile(steep, _STRONG)), _FAINT * mm)
    lines = sitk.CannyEdgeDetection(
        image, lowerThreshold=_WEAK * strong, upperThreshold=strong, variance=[wide**2] * 2
    )
    return sitk.GetArrayFromImage(lines) > 0


def traced(below: Levels, above: Levels, mm: float) -> Colours:
    """The edges of one picture as lines on another; `mm` of a pixel."""
    drawn = grey(_DIMMED * below)
    drawn[edges(above**_GAMMA, mm)] = LINE
    return drawn


def warmed(below: Levels, above: Levels, mm: float) -> Colours:
    """One picture in warm colours over another, with its edges: what is 0 in it hides nothing."""
    hides = np.minimum(4 * above, _WARMTH_HIDES)[..., np.newaxis]
    drawn = (1 - hides) * grey(below) + hides * warm(above)
    drawn[edges(above, mm)] = COOL_LINE
    return np.asarray(drawn, dtype=np.float32)


def warm(levels: Levels) -> Colours:
    """From black over red and yellow to white: grey levels keep their order, also in grey print."""
    parts = [np.clip(3 * levels - rise, 0, 1) for rise in range(3)]
    return np.stack(parts, axis=-1).astype(np.float32)


def grey(levels: Levels) -> Colours:
    """Grey levels as colours."""
    return np.repeat(levels[..., np.newaxis], 3, axis=-1).astype(np.float32)


def chequered(one: Colours, other: Colours, mm: float) -> Colours:
    """Squares of `SQUARE_MM`, by turns from one picture and from the other; the first is of the first.

    Args:
        one: a picture.
        other: another of the same size.
        mm: of a pixel.
    """
    rows, columns = (np.floor((np.arange(n) + 0.5) * mm / SQUARE_MM).astype(int) for n in one.shape[:2])
    first = (rows[:, np.newaxis] + columns) % 2 == 0
    return np.where(first[..., np.newaxis], one, other)


def coarse(drawn: Colours) -> npt.NDArray[np.uint8]:
    """Colours in `_STEPS` of 255 levels each, as a PNG holds them."""
    return np.rint(np.rint(np.clip(drawn, 0, 1) * _STEPS) * (255 / _STEPS)).astype(np.uint8)
