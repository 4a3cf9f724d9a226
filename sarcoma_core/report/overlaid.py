"""The pictures of a registered pair: three planes of the reference, each before, after and in squares."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sarcoma_core.report.borders import Mask
from sarcoma_core.report.overlays import (
    Colours,
    Levels,
    chequered,
    coarse,
    grey,
    resized,
    traced,
    warm,
    warmed,
)
from sarcoma_core.report.planes import PLANES, Size, SliceView, Upright
from sarcoma_core.report.tiles import Tile, framed, png
from sarcoma_core.report.windows import Window

LONGEST = 256
"""Pixels of the longest side of all three planes: some 15 kB for a picture, 9 for a pair."""

BEFORE, AFTER, SQUARES = "Before", "After", "Squares"

Place = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Layer:
    """A volume that is drawn on the reference.

    Args:
        array: on the grid of the reference, in RAS order.
        window: what is drawn from 0 to 1.
        warm: whether it is drawn in warm colours, as PET is; else by its edges.
    """

    array: npt.NDArray[np.floating]
    window: Window
    warm: bool = False

    def levels(self, view: SliceView, size: Size) -> Levels:
        """A slice from 0 to 1, as large as it is drawn; PET is not inverted here."""
        return resized(self.window.share(view.slice_of(self.array)), size)

    def over(self, below: Levels, above: Levels, mm: float) -> Colours:
        """Its slice over one of the reference; `mm` of a pixel."""
        return warmed(below, above, mm) if self.warm else traced(below, above, mm)

    def coloured(self, levels: Levels) -> Colours:
        """Its slice by itself."""
        return warm(levels) if self.warm else grey(levels)


def middle(mask: Mask) -> Place:
    """The voxel through which the planes go: the median of a mask, or the middle of the grid."""
    if not mask.any():
        i, j, k = (size // 2 for size in mask.shape)
        return i, j, k
    i, j, k = (int(np.median(places)) for places in np.nonzero(mask))
    return i, j, k


def overlay(
    grid: Upright,
    base: Layer,
    layers: tuple[tuple[str, Layer], ...],
    *,
    at: Place,
    subject: str,
) -> tuple[tuple[Tile, ...], ...]:
    """Draw a pair: a row for each plane, that of the reference's slices first.

    Args:
        grid: the reference.
        base: the reference as a layer.
        layers: the other series under the names `BEFORE` and `AFTER`; of the last, the squares are drawn as
            well if it is `AFTER`.
        at: the voxel that all planes go through.
        subject: names the pair, for the text alternative.
    """
    own = grid.plane()
    planes = (own, *(plane for plane in reversed(PLANES) if plane is not own))
    views = [SliceView(grid, plane, at[plane.axis]) for plane in planes]
    mm = max(length for view in views for length in (view.width_mm, view.height_mm)) / LONGEST
    return tuple(_row(view, base, layers, mm, subject) for view in views)


def _row(
    view: SliceView, base: Layer, layers: tuple[tuple[str, Layer], ...], mm: float, subject: str
) -> tuple[Tile, ...]:
    size = view.size(mm)
    below = base.levels(view, size)
    drawn: list[tuple[str, Colours]] = []
    for name, layer in layers:
        above = layer.levels(view, size)
        drawn.append((name, layer.over(below, above, mm)))
        if name == AFTER:
            drawn.append((SQUARES, chequered(grey(below), layer.coloured(above), mm)))
    return tuple(
        framed(png(coarse(picture), size), size, view, title=f"{name}, {view.plane.name}", subject=subject)
        for name, picture in drawn
    )
