"""What a mask holds of an image: intensities, and where they lie."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Mask, Spacing, check_mask

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_AXES = 3
_NUMBERS = "iuf"
"""Kinds of values that are intensities: whole numbers, and numbers with a point."""


@dataclass(frozen=True, slots=True, eq=False)
class MaskedVoxels:
    """The voxels of a mask, one or more; legal once built by `masked_voxels`.

    Args:
        intensities: of each voxel, finite, in the unit of the image; shape (n,).
        indices: of each voxel along the three axes; shape (n, 3).
        spacing: of the voxels, mm.
    """

    intensities: Floats
    indices: Indices
    spacing: Spacing

    def __len__(self) -> int:
        return len(self.intensities)


def masked_voxels(intensities: NDArray[np.generic], mask: Mask, spacing: Spacing) -> MaskedVoxels:
    """What a mask holds of an image whose axes are at right angles.

    Values outside the mask may be anything.

    Args:
        intensities: shape (x, y, z).
        mask: booleans, of the same shape.
        spacing: of the voxels, mm.

    Raises:
        InputError: the intensities are no numbers in 3D, or not finite in the mask; the mask is no booleans,
            of another shape or empty; or the spacing is not three lengths.
    """
    if intensities.ndim != _AXES or intensities.dtype.kind not in _NUMBERS:
        found = f"{intensities.dtype} of the shape {intensities.shape}"
        raise InputError(f"intensities: must be numbers along 3 axes; found {found}.")
    if mask.dtype != np.bool_:
        raise InputError(
            f"mask: must be booleans; found {mask.dtype}.", hint="Pass `array > 0`, or `array == label`."
        )
    check_mask(mask, intensities.shape)
    if len(spacing) != _AXES or not all(math.isfinite(step) and step > 0 for step in spacing):
        raise InputError(f"spacing: must be 3 lengths over 0 mm; found {tuple(spacing)}.")
    inside = intensities[mask].astype(np.float64)
    strange = inside.size - int(np.count_nonzero(np.isfinite(inside)))
    if strange:
        raise InputError(
            f"intensities: must be finite in the mask; found {strange} of {inside.size} voxels that are not.",
            hint="Leave these voxels out of the mask, or repair the image first.",
        )
    return MaskedVoxels(inside, np.argwhere(mask), spacing)
