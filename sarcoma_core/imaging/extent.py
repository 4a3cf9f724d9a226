"""How long a region is: its long and short axis in one slice, as tumours are measured by hand."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.imaging.volume import Mask, Spacing, check_mask

_SAME = 1e-9
"""Of a length: what floating point makes of two equal ones."""

_Corner = tuple[int, int]
_Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Extent:
    """The axes of a region.

    Args:
        index: of the slice in which they lie, from 0.
        long_axis_mm: the longest line between two points of the outline in one slice.
        short_axis_mm: the longest line at a right angle to it, in the same slice.
    """

    index: int
    long_axis_mm: float
    short_axis_mm: float


def extent(mask: Mask, spacing: Spacing, axis: int) -> Extent:
    """Measure a region in the slice in which it is longest.

    Of slices or lines of equal length, those with the longer short axis count: so the axes are the same
    however the array is turned. A region of several parts in a slice is measured around all of them.

    Args:
        mask: shape (x, y, z), with at least one voxel.
        spacing: along each axis, mm; within a slice, axes stand at right angles.
        axis: of the array, across the slices.

    Raises:
        InputError: the mask is empty.

    Source:
        RECIST 1.1 (Eisenhauer et al., European Journal of Cancer 45:228-247, 2009, doi
        10.1016/j.ejca.2008.10.026): longest diameter in the plane of measurement, and the short axis at a
        right angle to it. Where the lines end it leaves open; see `axes_mm`.
    """
    check_mask(mask, mask.shape)
    slices = np.moveaxis(mask, axis, 0)
    rows, columns = (mm for place, mm in enumerate(spacing) if place != axis)
    held = np.flatnonzero(slices.any(axis=(1, 2)))
    found = [Extent(int(index), *axes_mm(slices[index], (rows, columns))) for index in held]
    longest = max(one.long_axis_mm for one in found)
    alike = (one for one in found if one.long_axis_mm >= longest * (1 - _SAME))
    return max(alike, key=lambda one: one.short_axis_mm)


def axes_mm(region: Mask, spacing: tuple[float, float]) -> tuple[float, float]:
    """Long and short axis of a region in a slice, mm.

    Both run between outer edges of voxels, not between their centres: one voxel is as long as its diagonal.
    They are lines in the convex hull of the region, so both may leave a region that is not convex.

    Args:
        region: shape (rows, columns), with at least one voxel.
        spacing: from row to row and from column to column, mm.
    """
    corners = _hull(region) * np.asarray(spacing)
    lines = corners[:, None, :] - corners[None, :, :]
    lengths = np.hypot(lines[..., 0], lines[..., 1])
    longest = float(lengths.max())
    ends = np.argwhere(np.triu(lengths >= longest * (1 - _SAME)))
    return longest, max(_across(corners, corners[one], corners[other]) for one, other in ends)


def _across(hull: _Points, one: _Points, other: _Points) -> float:
    """The longest line through a convex hull at a right angle to that between its two furthest corners.

    How wide the hull is is a concave function of straight pieces, so it is greatest at a corner.
    """
    line, from_one = other - one, hull - one
    length = np.hypot(*line)
    places = (from_one[:, 0] * line[0] + from_one[:, 1] * line[1]) / length
    asides = (from_one[:, 0] * line[1] - from_one[:, 1] * line[0]) / length  # exactly 0 at both ends
    order = np.argsort(places)
    places, asides = places[order], asides[order]
    reach = [np.interp(places, places[side], asides[side]) for side in (asides >= 0, asides <= 0)]
    return float((reach[0] - reach[1]).max())


def _hull(region: Mask) -> _Points:
    """Corners of the convex hull of the voxels' squares, in voxels, shape (corners, 2)."""
    leftmost: dict[int, int] = {}
    rightmost: dict[int, int] = {}
    for row in np.flatnonzero(region.any(axis=1)).tolist():
        columns = np.flatnonzero(region[row])
        left, right = int(columns[0]), int(columns[-1]) + 1
        for edge in (row, row + 1):
            leftmost[edge] = min(left, leftmost.get(edge, left))
            rightmost[edge] = max(right, rightmost.get(edge, right))
    one, other = _chain(leftmost, 1), _chain(rightmost, -1)
    return np.array([*one, *reversed(other)], dtype=np.float64)


def _chain(columns: dict[int, int], turn: int) -> list[_Corner]:
    """One side of a convex hull, from the first row to the last; whole numbers, so nothing is rounded."""
    kept: list[_Corner] = []
    for corner in sorted(columns.items()):
        while len(kept) > 1 and turn * _turns(kept[-2], kept[-1], corner) <= 0:
            kept.pop()
        kept.append(corner)
    return kept


def _turns(first: _Corner, second: _Corner, third: _Corner) -> int:
    """Which way three corners turn: positive where the columns fall behind the straight line, then grow."""
    rise, run = second[1] - first[1], second[0] - first[0]
    return run * (third[1] - first[1]) - rise * (third[0] - first[0])
