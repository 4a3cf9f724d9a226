"""Lay what was drawn in frames on the grid of a volume, voxel by voxel: where planes and slices coincide."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import SeriesRefused
from sarcoma_core.imaging.resampling import lps
from sarcoma_core.imaging.slice_views import OFF_VOXELS, ImagePlane, plane_corners, plane_steps, slice_view
from sarcoma_core.imaging.volume import Mask, Volume

Indices = NDArray[np.intp]
Points = NDArray[np.float64]

_FARTHEST = 2**18
"""Voxels: what lies farther away lies nowhere near."""


class SegPiece(NamedTuple):
    """What one frame shows of a segment: the least rectangle that holds all of it.

    Args:
        plane: of the frame.
        top: the row of the frame where the rectangle begins.
        left: the column where it begins.
        mask: the rectangle, rows x columns.
    """

    plane: ImagePlane
    top: int
    left: int
    mask: Mask


class Footprint(NamedTuple):
    """Where a plane lies among the voxels of a volume, also beyond its sides.

    Args:
        axis: of the array, across the plane.
        row_axis: of the array, from row to row.
        column_axis: of the array, from column to column.
        layer: index along `axis`.
        rows: index of each row along `row_axis`.
        columns: index of each column along `column_axis`.
    """

    axis: int
    row_axis: int
    column_axis: int
    layer: int
    rows: Indices
    columns: Indices

    def lies_within(self, grid: Volume) -> bool:
        """Whether each pixel is a voxel of the volume."""
        shape = grid.array.shape
        ends = (
            (self.axis, np.array([self.layer])),
            (self.row_axis, self.rows),
            (self.column_axis, self.columns),
        )
        return all(at.min() >= 0 and at.max() < shape[axis] for axis, at in ends)


def cut_out(plane: ImagePlane, mask: Mask) -> SegPiece:
    """The least rectangle of a frame that holds all of its mask, which must not be empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    return SegPiece(plane, top, left, mask[top : rows[-1] + 1, left : columns[-1] + 1].copy())


def footprint(plane: ImagePlane, grid: Volume) -> Footprint | None:
    """Where the pixels of a plane are voxels of a grid that goes on beyond the sides of the volume.

    Returns:
        None where they are none: the plane lies between slices, its pixels lie between voxels or are of
        another size, or it is oblique to the grid.
    """
    back = np.linalg.inv(lps(grid.affine))
    corners = plane_corners(plane) @ back[:3, :3].T + back[:3, 3]
    steps = np.linalg.norm(plane_steps(plane) @ back[:3, :3].T, axis=1)
    if not np.abs(corners).max() < _FARTHEST or np.abs(steps - 1).max() > OFF_VOXELS:
        return None
    if not _spans(corners, plane):
        return None
    low = np.minimum(np.rint(corners.min(axis=0)), 0).astype(int)
    high = np.maximum(np.rint(corners.max(axis=0)) + 1, grid.array.shape).astype(int)
    view = slice_view(plane, _reaching(grid, low, high))
    if view is None:
        return None
    first, way = view.first, view.ways
    return Footprint(
        axis=view.axis,
        row_axis=view.row_axis,
        column_axis=view.column_axis,
        layer=view.index + int(low[view.axis]),
        rows=np.asarray(first[0] + way[0] * np.arange(plane.rows) + low[view.row_axis], np.intp),
        columns=np.asarray(first[1] + way[1] * np.arange(plane.columns) + low[view.column_axis], np.intp),
    )


def require_matrix(plane: ImagePlane, place: Footprint, grid: Volume) -> None:
    """Refuse frames that begin at a corner of the images and have rows and columns the other way round.

    Who writes Rows for Columns writes pixels in the wrong order as well: what could be laid in is no drawing.

    Args:
        plane: of a frame.
        place: of that frame.
        grid: of the images.

    Raises:
        SeriesRefused: the matrix is the transposed of that of the images, and not square.
    """
    rows, columns = grid.array.shape[place.row_axis], grid.array.shape[place.column_axis]
    swapped = (plane.rows, plane.columns) == (columns, rows) != (rows, columns)
    if swapped and _begins(place.rows, rows) and _begins(place.columns, columns):
        raise SeriesRefused(
            f"its matrix must be that of the images, {rows} x {columns} (rows x columns); found "
            f"{plane.rows} x {plane.columns}: rows and columns are swapped."
        )


def lay(piece: SegPiece, place: Footprint, mask: Mask) -> int:
    """Add a piece to a mask.

    Args:
        piece: what to add.
        place: of the frame that it is of.
        mask: shape (x, y, z) of the volume; it is written to.

    Returns:
        How many of its voxels lie outside.
    """
    drawn = int(np.count_nonzero(piece.mask))
    if not 0 <= place.layer < mask.shape[place.axis]:
        return drawn
    rows = place.rows[piece.top :][: piece.mask.shape[0]]
    columns = place.columns[piece.left :][: piece.mask.shape[1]]
    rows_in = (rows >= 0) & (rows < mask.shape[place.row_axis])
    columns_in = (columns >= 0) & (columns < mask.shape[place.column_axis])
    inside = piece.mask[np.ix_(rows_in, columns_in)]
    if inside.size:
        at = [np.array([place.layer])] * 3
        at[place.row_axis], at[place.column_axis] = rows[rows_in], columns[columns_in]
        turned = inside if place.row_axis < place.column_axis else inside.T
        mask[np.ix_(*at)] |= np.expand_dims(turned, place.axis)
    return drawn - int(np.count_nonzero(inside))


def _begins(at: Indices, size: int) -> bool:
    """Whether pixels run inwards from the first voxel of an axis, or from the last."""
    return bool(at[0] == 0 and at[-1] >= 0) or bool(at[0] == size - 1 and at[-1] < size)


def _spans(corners: Points, plane: ImagePlane) -> bool:
    """Whether there are as many voxels from corner to corner as pixels."""
    far = np.abs(corners[3] - corners[0])
    wanted = np.sort([0, plane.rows - 1, plane.columns - 1])
    return bool(np.abs(np.sort(far) - wanted).max() <= 2 * OFF_VOXELS)


def _reaching(grid: Volume, low: NDArray[np.int_], high: NDArray[np.int_]) -> Volume:
    """The same grid, with other sides; its values take no memory."""
    affine = grid.affine.copy()
    affine[:3, 3] = grid.affine[:3, :3] @ low + grid.affine[:3, 3]
    x, y, z = (high - low).tolist()
    return Volume(np.broadcast_to(np.float32(0), (x, y, z)), affine)
