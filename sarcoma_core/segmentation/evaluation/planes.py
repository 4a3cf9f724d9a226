"""In which plane a volume was acquired, read off its grid."""

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Plane = Literal["axial", "coronal", "sagittal"]
_ACROSS: Final[tuple[Plane, ...]] = ("sagittal", "coronal", "axial")
"""By the axis of the patient (right, front, head) that goes through the slices."""


def grid_plane(affine: NDArray[np.float64]) -> Plane:
    """The plane of the slices: that of the patient's planes which is nearest to an oblique one.

    The slices are those across the third axis, as a converted DICOM series has them.

    Args:
        affine: voxel to RAS mm, shape (4, 4).
    """
    return _ACROSS[int(np.abs(affine[:3, 2]).argmax())]
