"""Colours of a heat map: as even to the eye as in number, also in grey print and for the colour-blind.

Lightness rises evenly from dark to light, as in a scale of greys, while the hue goes from violet over red and
orange to yellow: whoever cannot tell hues apart, or has a grey print, still sees the order.

Source: CIE 15:2004 (L*a*b*, white D65); IEC 61966-2-1 (sRGB); Borland and Taylor, Rainbow color map (still)
considered harmful, IEEE CG&A 2007 (lightness must rise).
"""

from typing import Final

import numpy as np

from sarcoma_core.report.overlays import Colours, Levels, grey

LIGHTNESS: Final = (25.0, 92.0)
"""L* of 0 and of 1."""
_HUES: Final = (-60.0, 100.0)
"""Of 0 and of 1, degrees in the plane of a* and b*: violet to yellow."""
_CHROMA: Final = (50.0, 58.0, 74.0)
"""Of 0, a half and 1: as much as sRGB holds at these hues."""
_WHITE: Final = (0.95047, 1.0, 1.08883)
_TO_RGB: Final = ((3.2406, -1.5372, -0.4986), (-0.9689, 1.8758, 0.0415), (0.0557, -0.2040, 1.0570))
_DIMMED: Final = 0.75
"""White of the image: hot is lighter than what lies below it, also in grey."""
_KNEE: Final = 6 / 29
"""Of L*a*b*: below it its curve is straight."""
_LINEAR: Final = 0.0031308
"""Likewise of sRGB."""
_HIDES: Final = 0.7
"""How much of the image is hidden at most: its structures are to be seen below."""
HIDES_FROM: Final = 0.3
"""The level from which on as much is hidden; below it less, and at 0 nothing."""


def heat_colours(levels: Levels) -> Colours:
    """The colour of each level, 0 to 1."""
    lightness = LIGHTNESS[0] + (LIGHTNESS[1] - LIGHTNESS[0]) * levels
    hue = np.radians(_HUES[0] + (_HUES[1] - _HUES[0]) * levels)
    chroma = np.interp(levels, (0, 0.5, 1), _CHROMA)
    return _rgb(lightness, chroma * np.cos(hue), chroma * np.sin(hue))


def heated(below: Levels, heat: Levels) -> Colours:
    """A map over a picture: the more of it is hidden the hotter, and nothing where the map is 0.

    Args:
        below: grey levels of the picture.
        heat: levels of the map, of the same shape.
    """
    hides = (_HIDES * np.minimum(heat / HIDES_FROM, 1))[..., np.newaxis]
    return np.asarray((1 - hides) * grey(_DIMMED * below) + hides * heat_colours(heat), np.float32)


def _rgb(lightness: Levels, a: Levels, b: Levels) -> Colours:
    middle = (lightness + 16) / 116
    roots = np.stack([middle + a / 500, middle, middle - b / 200], axis=-1)
    xyz = np.where(roots > _KNEE, roots**3, 3 * _KNEE**2 * (roots - 4 / 29)) * _WHITE
    linear = np.clip(xyz @ np.array(_TO_RGB).T, 0, 1)
    curved = 1.055 * linear ** (1 / 2.4) - 0.055
    return np.asarray(np.where(linear <= _LINEAR, 12.92 * linear, curved), np.float32)
