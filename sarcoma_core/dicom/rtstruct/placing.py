"""On which slices of a volume contours lie: pure functions over their extents in voxels."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.dicom.rtstruct.contours import Points
from sarcoma_core.errors import SeriesRefused
from sarcoma_core.imaging.resampling import lps
from sarcoma_core.imaging.slice_views import OFF_VOXELS
from sarcoma_core.imaging.volume import Volume
from sarcoma_core.text import counted

OFF_SLICE: Final = 0.5
"""How far points may lie off the plane of the nearest slice, of the spacing: beyond, it is another's."""

_ROUNDING = 1e-3
"""Voxels: coordinates of DICOM are rounded, and this decides nothing."""

Extents = NDArray[np.float64]
"""Lowest and highest voxel coordinates of each contour, shape (contours, 2, 3)."""
Integers = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ContourPlaces:
    """Where the contours of one ROI lie in a volume.

    Args:
        axis: of the array, across the slices.
        slices: of each contour, shape (contours,).
        off: how far its points lie off the plane of its slice, at most, voxels, shape (contours,).
        outside: whether it lies beyond the sides of its slice, shape (contours,).
        clipped: whether a part of it does.
    """

    axis: int
    slices: Integers
    off: NDArray[np.float64]
    outside: Flags
    clipped: Flags


def to_voxels(points: Points, grid: Volume) -> Points:
    """Points in LPS mm as voxel coordinates of a volume."""
    back = np.linalg.inv(lps(grid.affine))
    return np.asarray(points @ back[:3, :3].T + back[:3, 3])


def place(extents: Extents, grid: Volume) -> ContourPlaces:
    """Put contours on slices: those across the axis of the array along which all of them are flat.

    Raises:
        SeriesRefused: they lie across the slices, off them, between them, or all of them outside.
    """
    axis = _flat_axis(extents)
    spacing = grid.spacing[axis]
    low, high = extents[:, 0], extents[:, 1]
    shape = np.array(grid.array.shape)
    if ((high < -OFF_SLICE) | (low > shape - OFF_SLICE)).any(axis=1).all():
        raise SeriesRefused("its contours must lie in the image; found that it lies outside the image.")
    span = float((high - low)[:, axis].max())
    if span > OFF_SLICE + _ROUNDING:
        raise SeriesRefused(
            "its contours must lie in the slices of the image; found one that lies across them, over "
            f"{span * spacing:.2f} mm where slices are {spacing:.2f} mm apart."
        )
    middle = (low + high)[:, axis] / 2
    slices = np.clip(np.rint(middle), 0, shape[axis] - 1).astype(np.intp)
    off = np.maximum(np.abs(low[:, axis] - slices), np.abs(high[:, axis] - slices))
    _require_near(off, np.abs(middle - slices), spacing)
    _require_one_plane(slices, middle)
    sides = [other for other in range(3) if other != axis]
    first, last = low[:, sides], high[:, sides]
    ends = shape[sides] - OFF_SLICE
    outside = np.asarray(((last < -OFF_SLICE) | (first > ends)).any(axis=1))
    beyond = np.asarray(((first < -OFF_SLICE - OFF_VOXELS) | (last > ends + OFF_VOXELS)).any(axis=1))
    return ContourPlaces(axis, slices, off, outside, beyond & ~outside)


def coincide(extents: Extents, grid: Volume) -> bool:
    """Whether contours lie in the planes of slices and within their sides, to a tenth of a voxel."""
    axis = _flat_axis(extents)
    low, high = extents[:, 0], extents[:, 1]
    nearest = np.rint((low + high)[:, axis] / 2)
    off = np.maximum(np.abs(low[:, axis] - nearest), np.abs(high[:, axis] - nearest))
    lowest = np.full(3, -OFF_SLICE)
    highest = np.array(grid.array.shape) - OFF_SLICE
    within = (low >= lowest - OFF_VOXELS).all() and (high <= highest + OFF_VOXELS).all()
    inside = (nearest >= 0).all() and (nearest < grid.array.shape[axis]).all()
    return bool(within and inside and float(off.max()) <= OFF_VOXELS)


def _flat_axis(extents: Extents) -> int:
    return int(np.argmin((extents[:, 1] - extents[:, 0]).max(axis=0)))


def _require_near(off: NDArray[np.float64], beyond: NDArray[np.float64], spacing: float) -> None:
    """Contours of one slice would else count on another.

    Args:
        off: how far the points of each contour lie off the nearest slice, at most, voxels.
        beyond: how far its middle does; more than half a voxel where it lies before the first slice or behind
            the last.
        spacing: of the slices, mm.
    """
    if float(off.max()) <= OFF_SLICE + _ROUNDING:
        return
    limit = f"{OFF_SLICE * spacing:.2f} mm"
    outside = off[(beyond > OFF_SLICE) & (off > OFF_SLICE + _ROUNDING)]
    if outside.size:
        raise SeriesRefused(
            f"its contours must lie in the image, or within {limit} of its outermost slice; found "
            f"{counted(len(outside), 'contour')} outside, up to {float(outside.max()) * spacing:.2f} mm "
            "beyond that slice."
        )
    raise SeriesRefused(
        f"its contours must lie within {limit} of a slice of the image, which is "
        f"half the spacing; found one {float(off.max()) * spacing:.2f} mm off the nearest."
    )


def _require_one_plane(slices: Integers, middle: NDArray[np.float64]) -> None:
    """Contours of two planes on one slice would cut holes into each other."""
    order = np.lexsort((middle, slices))
    first = np.flatnonzero(np.diff(slices[order], prepend=-1))
    last = np.append(first[1:], len(order)) - 1
    crowded = int((middle[order][last] - middle[order][first] > 2 * OFF_VOXELS).sum())
    if crowded:
        raise SeriesRefused(
            "its contours must lie in one plane for each slice of the image; found contours of several "
            f"planes on {crowded} of them: it was drawn on thinner slices."
        )
