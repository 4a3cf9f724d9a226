"""The lattice that an image is sampled on, and where it lies in the patient."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import UsageError
from sarcoma_core.phantom.randomness import Axes

Shape = tuple[int, int, int]
Vector = tuple[float, float, float]

# What a limb and its tumour need around them, mm; see anatomy.py
_SMALLEST_FIELD_OF_VIEW = (208.0, 208.0, 150.0)


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns, rows and slices of an axial series.

    Arrays on a grid have the shape (i, j, k) = (Columns, Rows, slices): i runs to the patient's left, j to
    posterior, k to the head, before the tilt.

    Args:
        shape: number of voxels along i, j, k.
        spacing: distance of voxel centres in mm along i, j, k.
        slice_thickness: in mm; less than the third spacing where slices have a gap.
        tilt: rotation of the whole grid, with the limb in it, in degrees about the patient's left-right
            axis and then about the anterior-posterior axis.
        centre: of the grid, LPS mm in the patient.

    Raises:
        UsageError: the field of view cannot hold the limb.
    """

    shape: Shape
    spacing: Vector
    slice_thickness: float
    tilt: tuple[float, float] = (0.0, 0.0)
    centre: Vector = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        extent = tuple(n * s for n, s in zip(self.shape, self.spacing, strict=True))
        if any(have < need for have, need in zip(extent, _SMALLEST_FIELD_OF_VIEW, strict=True)):
            raise UsageError(
                f"grid: the field of view must be at least {_SMALLEST_FIELD_OF_VIEW} mm along i, j, k "
                f"to hold the limb; found {extent}."
            )

    @property
    def voxel_volume(self) -> float:
        """Volume of a voxel in mm3; a gap between slices belongs to the slices beside it."""
        return float(np.prod(self.spacing))

    def axes(self) -> Axes:
        """Coordinates in mm from the grid's centre, of shapes (i, 1, 1), (1, j, 1) and (1, 1, k)."""
        return centred_axes(self.shape, self.spacing)

    def directions(self) -> NDArray[np.float64]:
        """Unit vectors of i, j, k as the columns of a 3x3 matrix, LPS."""
        return tilting(self.tilt)

    def affine_lps(self) -> NDArray[np.float64]:
        """4x4 from (i, j, k, 1) to LPS mm, the DICOM patient coordinate system (PS3.3 C.7.6.2.1.1)."""
        return affine_around(self.centre, self.directions() * self.spacing, self.shape)


def centred_axes(shape: Shape, spacing: Vector) -> Axes:
    """Coordinates in mm from the middle, of shapes (i, 1, 1), (1, j, 1) and (1, 1, k)."""
    i, j, k = (
        ((np.arange(n) - (n - 1) / 2) * s).astype(np.float32) for n, s in zip(shape, spacing, strict=True)
    )
    return i[:, None, None], j[None, :, None], k[None, None, :]


def tilting(tilt: tuple[float, float]) -> NDArray[np.float64]:
    """The 3x3 rotation by these degrees about the left-right and then the anterior-posterior axis, LPS."""
    about_x, about_y = np.deg2rad(tilt)
    pitch = np.array(
        [
            [1, 0, 0],
            [0, np.cos(about_x), -np.sin(about_x)],
            [0, np.sin(about_x), np.cos(about_x)],
        ]
    )
    yaw = np.array(
        [
            [np.cos(about_y), 0, np.sin(about_y)],
            [0, 1, 0],
            [-np.sin(about_y), 0, np.cos(about_y)],
        ]
    )
    return np.asarray(yaw @ pitch, np.float64)


def affine_around(centre: Vector, steps: NDArray[np.float64], shape: Shape) -> NDArray[np.float64]:
    """4x4 from (i, j, k, 1) to mm, of a lattice with this centre.

    Args:
        centre: of the voxels, mm.
        steps: from a voxel to the next along i, j and k, as the columns of a 3x3 matrix, mm.
        shape: number of voxels along i, j, k.
    """
    affine = np.eye(4)
    affine[:3, :3] = steps
    affine[:3, 3] = centre - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return affine


def lps_to_ras(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same affine with its target in RAS mm, as NIfTI has it (its own inverse)."""
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine


# Both cover 220 x 220 x 160 mm. In the demo's a 1 mm gap tells SpacingBetweenSlices from SliceThickness.
DEMO = Grid(shape=(160, 160, 32), spacing=(1.375, 1.375, 5.0), slice_thickness=4.0)
BENCHMARK = Grid(shape=(320, 320, 40), spacing=(0.6875, 0.6875, 4.0), slice_thickness=4.0)
