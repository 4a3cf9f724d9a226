"""Where a series is acquired: its slices in the coordinates of its frame of reference."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import UsageError
from sarcoma_core.phantom.grid import Shape, Vector, affine_around, centred_axes, lps_to_ras, tilting
from sarcoma_core.phantom.randomness import Axes

Plane = Literal["axial", "coronal", "sagittal"]

# Unit vectors of i, j and k in LPS; k is i x j, so the slices are counted along the normal (PS3.3 C.7.6.2)
_PLANES: dict[Plane, tuple[Vector, Vector, Vector]] = {
    "axial": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "coronal": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    "sagittal": ((0, 1, 0), (0, 0, -1), (-1, 0, 0)),
}


@dataclass(frozen=True, slots=True)
class Slices:
    """Columns, rows and slices of a series, in any plane and with any field of view.

    Args:
        shape: number of voxels along i (columns), j (rows) and k (slices).
        spacing: distance of voxel centres in mm along i, j, k.
        slice_thickness: in mm; less than the third spacing where slices have a gap.
        plane: of the slices before the tilt.
        tilt: degrees about the left-right axis and then about the anterior-posterior axis.
        centre: of the voxels, LPS mm.

    Raises:
        UsageError: there is no voxel, or a length is not above 0.
    """

    shape: Shape
    spacing: Vector
    slice_thickness: float
    plane: Plane = "axial"
    tilt: tuple[float, float] = (0.0, 0.0)
    centre: Vector = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        if min(self.shape) < 1:
            raise UsageError(f"shape: must be 1 or more along i, j and k; found {self.shape}.")
        if min(*self.spacing, self.slice_thickness) <= 0:
            found = (*self.spacing, self.slice_thickness)
            raise UsageError(f"spacing, slice_thickness: must be above 0 mm; found {found}.")

    @property
    def voxel_volume(self) -> float:
        """Volume of a voxel in mm3; a gap between slices belongs to the slices beside it."""
        return float(np.prod(self.spacing))

    def axes(self) -> Axes:
        """Coordinates in mm from the centre, of shapes (i, 1, 1), (1, j, 1) and (1, 1, k)."""
        return centred_axes(self.shape, self.spacing)

    def directions(self) -> NDArray[np.float64]:
        """Unit vectors of i, j, k as the columns of a 3x3 matrix, LPS."""
        return np.asarray(tilting(self.tilt) @ np.array(_PLANES[self.plane], np.float64).T)

    def affine_lps(self) -> NDArray[np.float64]:
        """4x4 from (i, j, k, 1) to LPS mm, the DICOM patient coordinate system (PS3.3 C.7.6.2.1.1)."""
        return affine_around(self.centre, self.directions() * self.spacing, self.shape)

    def affine_ras(self) -> NDArray[np.float64]:
        """4x4 from (i, j, k, 1) to RAS mm, as NIfTI has it."""
        return lps_to_ras(self.affine_lps())
