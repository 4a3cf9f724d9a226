"""How slices of a volume lie on the page: radiological convention, letters on the edges, true proportions."""

from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import nibabel as nib
import numpy as np
import numpy.typing as npt

from sarcoma_core.imaging.volume import Volume

Array = npt.NDArray[np.floating]
Value = TypeVar("Value", bound=np.generic)
_orientations: Any = nib.orientations
"""nibabel does not annotate these functions."""

Size = tuple[int, int]
"""Width and height, pixels."""

PlaneName = Literal["sagittal", "coronal", "axial"]

_SAME_MM = 1e-3

ISOTROPIC = 1.2
"""Up to this ratio of coarsest to finest spacing, a volume has no plane of acquisition of its own."""


@dataclass(frozen=True)
class ViewPlane:
    """One of the three planes, as a radiologist looks at it: from the feet, from the front, from the left.

    Args:
        name: as DICOM and radiology call it.
        axis: which axis of an RAS volume goes through the plane.
        letters: at the top, right, bottom and left edge (PS3.3, C.7.6.1.1.1: A P R L H F).
        first: where slice 1 lies.
    """

    name: PlaneName
    axis: int
    letters: tuple[str, str, str, str]
    first: str

    def cut(self, volume: npt.NDArray[Value], index: int) -> npt.NDArray[Value]:
        """One slice of an RAS volume as rows from the top and columns from the left, in the convention."""
        place = tuple(index if axis == self.axis else slice(None) for axis in range(3))
        # RAS grows to the right, front and head; every plane shows the head or front at the top, and the
        # patient's right (sagittal: front) at the left. So both axes are turned, in all three planes.
        return np.flip(volume[place]).T  # a view: np.take would copy the volume for each slice


SAGITTAL = ViewPlane("sagittal", 0, ("H", "P", "F", "A"), "left")
CORONAL = ViewPlane("coronal", 1, ("H", "L", "F", "R"), "back")
AXIAL = ViewPlane("axial", 2, ("A", "L", "P", "R"), "feet")
PLANES = (SAGITTAL, CORONAL, AXIAL)


@dataclass(frozen=True)
class Upright:
    """A volume whose axes were put in the order and direction nearest to right, front, head (RAS).

    Args:
        array: shape (x, y, z).
        spacing: mm along each axis.
        obliquity: greatest angle between an axis and the patient axis nearest to it, degrees.
        across: the axis across the slices as they were stored: the third of a converted DICOM series.
    """

    array: Array
    spacing: tuple[float, float, float]
    obliquity: float
    across: int = 2

    def plane(self) -> ViewPlane:
        """The plane of acquisition, that of the stored slices; axial when the volume is isotropic."""
        isotropic = max(self.spacing) <= ISOTROPIC * min(self.spacing)
        return AXIAL if isotropic else PLANES[self.across]

    def pixel(self, plane: ViewPlane) -> tuple[float, float]:
        """Height and width of a pixel of that plane's slices, mm."""
        across, up = (mm for axis, mm in enumerate(self.spacing) if axis != plane.axis)
        return up, across


def upright(array: npt.NDArray[Any], affine: npt.NDArray[np.float64]) -> Upright:
    """Turn a volume to RAS order without interpolation.

    Args:
        array: shape (i, j, k).
        affine: voxel to RAS mm, shape (4, 4).
    """
    turns = _orientations.io_orientation(affine)
    turned = _orientations.apply_orientation(array, turns)
    mm = np.linalg.norm(affine[:3, :3], axis=0)
    spacing = tuple(float(mm[int(np.flatnonzero(turns[:, 0] == axis)[0])]) for axis in range(3))
    nearest = np.abs(affine[:3, :3] / mm).max(axis=0)
    angle = float(np.degrees(np.arccos(np.clip(nearest, 0, 1))).max())
    return Upright(turned, (spacing[0], spacing[1], spacing[2]), angle, int(turns[2, 0]))


def same_grid(one: Volume, other: Volume) -> bool:
    """Whether the voxels of two volumes lie at the same places, to a micrometre."""
    return one.array.shape == other.array.shape and bool(
        np.allclose(one.affine, other.affine, rtol=0, atol=_SAME_MM)
    )


@dataclass(frozen=True)
class SliceView:
    """One slice of a grid.

    Args:
        grid: a volume on the grid, for its shape and spacing.
        plane: which way it is cut.
        index: which slice, from 0.
    """

    grid: Upright
    plane: ViewPlane
    index: int

    @property
    def count(self) -> int:
        """How many slices there are."""
        return int(self.grid.array.shape[self.plane.axis])

    @property
    def height_mm(self) -> float:
        """From the upper edge of the slice to the lower."""
        return float(self.slice_of(self.grid.array).shape[0] * self.grid.pixel(self.plane)[0])

    @property
    def width_mm(self) -> float:
        """From the left edge of the slice to the right."""
        return float(self.slice_of(self.grid.array).shape[1] * self.grid.pixel(self.plane)[1])

    def slice_of(self, array: npt.NDArray[Value]) -> npt.NDArray[Value]:
        """This slice of an array on the grid, shape (rows, columns)."""
        return self.plane.cut(array, self.index)

    def size(self, mm: float) -> Size:
        """Pixels of a picture of it, so many mm each."""
        return max(1, round(self.width_mm / mm)), max(1, round(self.height_mm / mm))


def spread(count: int, wanted: int) -> tuple[int, ...]:
    """Indices of up to `wanted` slices, evenly apart and away from the ends, from the last to the first."""
    wanted = min(wanted, count)
    return tuple(sorted({count * (k + 1) // (wanted + 1) for k in range(wanted)}, reverse=True))
