"""Slices as small grey PNG pictures that stand in the page itself."""

import base64
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from sarcoma_core.report.planes import Upright, ViewPlane
from sarcoma_core.report.windows import Window

LONGEST_SIDE = 320
"""Pixels of a tile's longer side at most: sharp at the size at which the page shows it, some 50 kB as PNG."""

_COMPRESSION = 4
"""Of the PNG: a fifth of the time of the hardest, for up to 2 % more bytes of a real slice."""

EDGES = ("top", "right", "bottom", "left")

_BARS_MM = (200, 100, 50, 20, 10, 5, 2, 1)
_BAR_SHARE = 0.3


@dataclass(frozen=True)
class Tile:
    """One slice on the page.

    Args:
        source: the picture as a data URI.
        width: pixels.
        height: pixels.
        alt: what it shows, for who cannot see it.
        title: the stage.
        place: which slice it is.
        edges: names of the edges and the patient direction at each.
        bar_mm: length of the scale bar.
        bar_percent: length of the scale bar, % of the width.
        inverted: whether it is dark on light.
    """

    source: str
    width: int
    height: int
    alt: str
    title: str
    place: str
    edges: tuple[tuple[str, str], ...]
    bar_mm: int
    bar_percent: float
    inverted: bool


def tile(volume: Upright, plane: ViewPlane, index: int, window: Window, *, title: str, subject: str) -> Tile:
    """Draw one slice in true proportions.

    Args:
        volume: the voxels, in RAS order.
        plane: which way to cut.
        index: of the slice, from 0.
        window: the grey scale.
        title: the stage, e.g. `Converted`.
        subject: the series, e.g. `scan 3`; for the text alternative.
    """
    levels = window.grey(plane.cut(volume.array, index))
    up, across = volume.pixel(plane)
    height_mm, width_mm = levels.shape[0] * up, levels.shape[1] * across
    mm = max(min(up, across), max(height_mm, width_mm) / LONGEST_SIDE)
    size = (max(1, round(width_mm / mm)), max(1, round(height_mm / mm)))
    bar = scale_bar(width_mm)
    top, right, bottom, left = plane.letters
    count = volume.array.shape[plane.axis]
    return Tile(
        source=png(levels, size),
        width=size[0],
        height=size[1],
        alt=(
            f"{title}, {subject}: {plane.name} slice {index + 1} of {count}; "
            f"{top} at the top, {left} at the left, {right} at the right, {bottom} at the bottom."
        ),
        title=title,
        place=f"slice {index + 1} of {count}",
        edges=tuple(zip(EDGES, plane.letters, strict=True)),
        bar_mm=bar,
        bar_percent=round(100 * bar / width_mm, 2),
        inverted=window.inverted,
    )


def scale_bar(width_mm: float) -> int:
    """The longest round length that takes up to a third of the width, mm."""
    return next((bar for bar in _BARS_MM if bar <= _BAR_SHARE * width_mm), _BARS_MM[-1])


def png(levels: npt.NDArray[np.uint8], size: tuple[int, int]) -> str:
    """Grey levels, shape (rows, columns), as a PNG data URI of `size` (width, height)."""
    image = Image.fromarray(levels)
    if image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    image.save(stream, format="PNG", compress_level=_COMPRESSION)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
