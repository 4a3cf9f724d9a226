"""Where an image plane of DICOM lies in a volume: which of its slices, and which way round.

A volume of NIfTI has its axes turned and flipped against the slices that it was made of; a plane that
coincides with one of its slices is a view of the array.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.imaging.resampling import lps
from sarcoma_core.imaging.volume import Volume

OFF_VOXELS = 0.1
"""How far a plane's corners may lie from voxel centres, voxels: rounded headers stay well below it, and a
tenth of a voxel moves no boundary."""

Vector = NDArray[np.float64]


class ImagePlane(NamedTuple):
    """One image plane.

    Args:
        position: ImagePositionPatient: the centre of the first pixel, LPS mm.
        orientation: ImageOrientationPatient: along a row, then along a column.
        spacing: PixelSpacing: from row to row, then from column to column, mm.
        rows: Rows.
        columns: Columns.
    """

    position: tuple[float, float, float]
    orientation: tuple[float, float, float, float, float, float]
    spacing: tuple[float, float]
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class VolumeSlice:
    """A plane as a slice of an array of shape (x, y, z).

    Args:
        axis: of the array, across the slices.
        index: of the slice.
        row_axis: of the array, from row to row.
        column_axis: of the array, from column to column.
        first: voxel of the plane's first pixel, along `row_axis` and `column_axis`.
        ways: +1 or -1, likewise.
        rows: of the plane.
        columns: of the plane.
    """

    axis: int
    index: int
    row_axis: int
    column_axis: int
    first: tuple[int, int]
    ways: tuple[int, int]
    rows: int
    columns: int

    def of(self, array: NDArray[np.generic]) -> NDArray[np.generic]:
        """The slice as the plane shows it: a view of shape (rows, columns), which can be written to."""
        slices: list[slice | int] = [0, 0, 0]
        slices[self.axis] = self.index
        for axis, first, way, count in zip(
            (self.row_axis, self.column_axis), self.first, self.ways, (self.rows, self.columns), strict=True
        ):
            end = first + way * count
            slices[axis] = slice(first, end if end >= 0 else None, way)
        view = array[tuple(slices)]
        return view if self.row_axis < self.column_axis else view.T


def slice_view(plane: ImagePlane, volume: Volume) -> VolumeSlice | None:
    """Where a plane lies in a volume; None where it is none of its slices, or reaches beyond it."""
    back = np.linalg.inv(lps(volume.affine))
    corners = plane_corners(plane) @ back[:3, :3].T + back[:3, 3]
    nearest = np.rint(corners)
    if float(np.abs(corners - nearest).max()) > OFF_VOXELS:
        return None
    if (nearest < 0).any() or (nearest >= np.array(volume.array.shape)).any():
        return None
    first = nearest[0].astype(int)
    steps = plane_steps(plane) @ back[:3, :3].T
    (row_axis, row_way), (column_axis, column_way) = (_along(step) for step in steps)
    if row_axis == column_axis or not _is_pixel_by_voxel(nearest, plane, row_axis, column_axis):
        return None
    axis = 3 - row_axis - column_axis
    return VolumeSlice(
        axis=axis,
        index=int(first[axis]),
        row_axis=row_axis,
        column_axis=column_axis,
        first=(int(first[row_axis]), int(first[column_axis])),
        ways=(row_way, column_way),
        rows=plane.rows,
        columns=plane.columns,
    )


def _is_pixel_by_voxel(corners: Vector, plane: ImagePlane, row_axis: int, column_axis: int) -> bool:
    """Whether a pixel is a voxel wide: pixels of twice the size may have their corners on voxels as well."""
    down, right = np.abs(corners[1] - corners[0]), np.abs(corners[2] - corners[0])
    return bool(down[row_axis] == plane.rows - 1 and right[column_axis] == plane.columns - 1)


def plane_steps(plane: ImagePlane) -> Vector:
    """From row to row and from column to column, LPS mm, shape (2, 3)."""
    along_row, along_column = np.reshape(plane.orientation, (2, 3))
    return np.stack([along_column * plane.spacing[0], along_row * plane.spacing[1]])


def plane_corners(plane: ImagePlane) -> Vector:
    """Centres of the corner pixels, LPS mm, the first pixel first and its opposite last, shape (4, 3)."""
    down, right = plane_steps(plane)
    ends = [(0, 0), (plane.rows - 1, 0), (0, plane.columns - 1), (plane.rows - 1, plane.columns - 1)]
    return np.array([np.asarray(plane.position) + row * down + column * right for row, column in ends])


def _along(step: Vector) -> tuple[int, int]:
    """The axis that a step of one voxel goes along, and which way."""
    axis = int(np.argmax(np.abs(step)))
    return axis, 1 if step[axis] > 0 else -1
