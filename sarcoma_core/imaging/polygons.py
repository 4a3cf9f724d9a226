"""What lies inside of polygons on one slice: a mask of its voxels, and their area.

A point is inside where the lines of all polygons together run around it an odd number of times (even-odd). So
an inner contour is a hole, whether it is a polygon of its own or joined by a keyhole. A point on an edge
belongs to one side of it only: two polygons with a common edge never both claim it, and never both leave it.

A voxel belongs to the mask where its centre is inside; the area comes from 4 x 4 centres of parts of each
voxel. Half of these parts would be another rule for the mask. It was tried: on contours of TCIA's sarcomas
(Vallieres 2015) the volumes of a tumour on CT and PET differ from that on T1 by up to .5 and 2.7 %, and with
the centres of voxels by up to .2 and 1.8 %: halves of coarse voxels are often ties.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.imaging.volume import Mask

Polygon = NDArray[np.float64]
"""Corners of a closed polygon in voxels, shape (n, 2): row and column, a voxel's centre at whole numbers. The
last corner is joined to the first; it may repeat it."""

PARTS: Final = 4
"""Of a voxel, along a row and along a column."""

_FAR = 2**40
"""Voxels: further out nothing matters, and products of coordinates stay finite."""


class Filled(NamedTuple):
    """What lies inside of polygons.

    Args:
        mask: voxels whose centre is inside, shape (rows, columns).
        area: inside of the slice, voxels; to a sixteenth of a voxel along the edges.
        twice: voxels whose centre lies in two polygons or more: holes, and what polygons share that cross.
    """

    mask: Mask
    area: float
    twice: int


def rasterise(polygons: Iterable[Polygon], shape: tuple[int, int]) -> Filled:
    """Fill polygons, all of them together by even-odd.

    Args:
        polygons: of one slice, whatever their order, direction and first corner; what lies outside of the
            slice is cut off. They are taken one at a time.
        shape: rows and columns of the slice.
    """
    rows, columns = shape
    parts = _Toggles(rows * PARTS, columns * PARTS)
    mask, twice = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    for polygon in polygons:
        corners = np.clip(polygon, -_FAR, _FAR)
        parts.draw(corners * PARTS + (PARTS - 1) / 2)
        voxels = _Toggles(rows, columns)
        voxels.draw(corners)
        window, inside = voxels.inside()
        twice[window] |= mask[window] & inside
        mask[window] ^= inside
    return Filled(mask, float(parts.inside()[1].sum()) / PARTS**2, int(twice.sum()))


class _Toggles:
    """Points of a grid where, from left to right, one goes in or out."""

    def __init__(self, rows: int, columns: int) -> None:
        self._at = np.zeros((rows, columns + 1), np.uint8)
        self._low, self._high = np.array([rows, columns]), np.array([0, 0])

    def draw(self, corners: Polygon) -> None:
        row, column = _crossings(corners, self._at.shape[0], self._at.shape[1] - 1)
        if row.size:
            np.add.at(self._at.reshape(-1), row * self._at.shape[1] + column, np.uint8(1))
            self._low = np.minimum(self._low, (row.min(), column.min()))
            self._high = np.maximum(self._high, (row.max() + 1, column.max()))

    def inside(self) -> tuple[tuple[slice, slice], Mask]:
        """Points that are inside, in the window that holds them all."""
        rows, columns = (slice(low, max(low, high)) for low, high in zip(self._low, self._high, strict=True))
        # uint8 wraps around at 256, which keeps odd and even apart
        within = np.cumsum(self._at[rows, columns], axis=1, dtype=np.uint8) & 1
        return (rows, columns), within.astype(np.bool_)


def _crossings(corners: Polygon, rows: int, columns: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where edges cross rows of points: the row, and the first point to the right of the edge or on it.

    An edge takes the row of its upper end and leaves that of its lower one. Where it crosses is computed from
    its upper end, whichever way it is run through, so a common edge of two polygons crosses at one place.
    """
    ends = np.roll(corners, -1, axis=0)
    swapped = corners[:, :1] > ends[:, :1]
    start, end = np.where(swapped, ends, corners), np.where(swapped, corners, ends)
    first = np.clip(np.ceil(start[:, 0]), 0, rows).astype(np.intp)
    counts = np.clip(np.ceil(end[:, 0]), 0, rows).astype(np.intp) - first
    edge = np.repeat(np.arange(len(corners)), counts)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    slopes = (end[:, 1] - start[:, 1])[edge] / (end[:, 0] - start[:, 0])[edge]
    column = start[edge, 1] + (row - start[edge, 0]) * slopes
    return row, np.clip(np.ceil(column), 0, columns).astype(np.intp)
