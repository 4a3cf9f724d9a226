"""Slices as small grey PNG pictures that stand in the page itself."""

import base64
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from sarcoma_core.report.planes import Size, SliceView, Upright, ViewPlane
from sarcoma_core.report.windows import Window

LONGEST_SIDE = 320
"""Pixels of a tile's longer side at most: sharp at the size at which the page shows it, some 50 kB as PNG."""

_COMPRESSION = 4
"""Of the PNG: a fifth of the time of the hardest, for up to 2 % more bytes of a real slice."""

_COLOURED = 3
"""Dimensions of a picture in colours."""

_PALETTE = 256
"""Colours that a PNG can list."""

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
    cut = SliceView(volume, plane, index)
    mm = max(min(volume.pixel(plane)), max(cut.height_mm, cut.width_mm) / LONGEST_SIDE)
    size = cut.size(mm)
    source = png(window.grey(cut.slice_of(volume.array)), size)
    return framed(source, size, cut, title=title, subject=subject, inverted=window.inverted)


def framed(
    source: str, size: Size, cut: SliceView, *, title: str, subject: str, inverted: bool = False
) -> Tile:
    """A picture of one slice with what is written around it.

    Args:
        source: the picture as a data URI.
        size: of the picture, pixels.
        cut: which slice.
        title: what the picture is.
        subject: of which series; for the text alternative.
        inverted: whether it is dark on light.
    """
    bar = scale_bar(cut.width_mm)
    top, right, bottom, left = cut.plane.letters
    place = f"slice {cut.index + 1} of {cut.count}"
    return Tile(
        source=source,
        width=size[0],
        height=size[1],
        alt=(
            f"{title}, {subject}: {cut.plane.name} {place}; "
            f"{top} at the top, {left} at the left, {right} at the right, {bottom} at the bottom."
        ),
        title=title,
        place=place,
        edges=tuple(zip(EDGES, cut.plane.letters, strict=True)),
        bar_mm=bar,
        bar_percent=round(100 * bar / cut.width_mm, 2),
        inverted=inverted,
    )


def scale_bar(width_mm: float) -> int:
    """The longest round length that takes up to a third of the width, mm."""
    return next((bar for bar in _BARS_MM if bar <= _BAR_SHARE * width_mm), _BARS_MM[-1])


def png(levels: npt.NDArray[np.uint8], size: Size) -> str:
    """Grey levels (rows, columns), or colours (rows, columns, 3), as a PNG data URI of `size`."""
    image = _with_palette(levels) if levels.ndim == _COLOURED else Image.fromarray(levels)
    if image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    image.save(stream, format="PNG", compress_level=_COMPRESSION)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def _with_palette(colours: npt.NDArray[np.uint8]) -> Image.Image:
    """Colours by their number in a list of them: a byte a pixel in place of three, where they are few."""
    red, green, blue = np.moveaxis(colours.astype(np.uint32), -1, 0)
    found, numbers = np.unique((red << 16) | (green << 8) | blue, return_inverse=True)
    if len(found) > _PALETTE:
        return Image.fromarray(colours)
    rows, columns = colours.shape[:2]
    image = Image.frombytes("P", (columns, rows), numbers.astype(np.uint8).tobytes())
    image.putpalette(np.stack([found >> 16, found >> 8, found], axis=-1).astype(np.uint8).tobytes())
    return image
