"""Volumes and masks on another grid, through a transform; the one place where RAS meets LPS.

NIfTI and `Volume` have RAS mm, ITK and DICOM have LPS mm: x and y with the other sign. A transform here is
ITK's, so it takes physical points in LPS; as resampling uses it, from the new grid to the volume.
"""

from typing import Final

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Floats, Mask, Volume, check_mask

Affine = NDArray[np.float64]
"""Voxel to mm, shape (4, 4)."""

AIR_HU: Final = -1024.0
"""What CT shows where nothing is: outside of its field of view."""

_OTHER_WAY: Final = np.diag([-1.0, -1.0, 1.0, 1.0])
_HALF = 0.5


def lps(affine: Affine) -> Affine:
    """An affine to RAS mm as one to LPS mm, and the other way round."""
    return np.asarray(_OTHER_WAY @ affine, np.float64)


def outside(values: Floats, modality: str) -> float:
    """What a volume shows where nothing was acquired: air, which is -1024 HU in CT and 0 in PET.

    In MR it is the least value there is: 0 of stored values, that of the air after a z-score.
    """
    known = {"CT": AIR_HU, "PT": 0.0}
    return known[modality] if modality in known else float(values.min())


def as_image(array: NDArray[np.generic], affine: Affine) -> sitk.Image:
    """An array of shape (x, y, z) as ITK's image.

    Args:
        array: values; booleans become 0 and 1.
        affine: voxel to RAS mm.

    Raises:
        InputError: the array is not 3D, or the axes of the grid are not at right angles: ITK takes no others.
    """
    if array.ndim != 3:  # noqa: PLR2004  x, y, z
        raise InputError(f"volume: must have 3 dimensions; found {array.ndim}.")
    values = array.astype(np.uint8) if array.dtype == np.bool_ else array
    image = sitk.GetImageFromArray(np.ascontiguousarray(values.T))
    _place(image, affine)
    return image


def resample(volume: Volume, onto: Volume, transform: sitk.Transform, *, fill: float) -> Volume:
    """A volume on the grid of another, by linear interpolation.

    Args:
        volume: what to resample.
        onto: whose grid it gets; its values do not matter.
        transform: from points of `onto` to points of the volume, LPS mm.
        fill: the value where the volume has none; see `outside`.

    Raises:
        InputError: the axes of a grid are not at right angles.
    """
    image = as_image(volume.array.astype(np.float32, copy=False), volume.affine)
    return onto.with_array(_on_grid(image, onto, transform, fill))


def resample_mask(mask: Mask, affine: Affine, onto: Volume, transform: sitk.Transform) -> Mask:
    """A mask on the grid of a volume: where linear interpolation gives a half or more.

    So a boundary stays where it is between voxel centres; nearest neighbours would move it by up to half a
    voxel, and lose what is thin.

    Args:
        mask: what to resample.
        affine: of the mask, voxel to RAS mm.
        onto: whose grid it gets.
        transform: from points of `onto` to points of the mask, LPS mm.

    Raises:
        InputError: the mask is empty, or the axes of a grid are not at right angles.
    """
    check_mask(mask, mask.shape)
    image = as_image(mask.astype(np.float32), affine)
    return np.asarray(_on_grid(image, onto, transform, 0.0) >= _HALF)


def _on_grid(image: sitk.Image, onto: Volume, transform: sitk.Transform, fill: float) -> Floats:
    grid = sitk.Image([int(size) for size in onto.array.shape], sitk.sitkUInt8)
    _place(grid, onto.affine)
    moved = sitk.Resample(image, grid, transform, sitk.sitkLinear, fill, sitk.sitkFloat32)
    return np.asarray(sitk.GetArrayFromImage(moved).T, np.float32)


def _place(image: sitk.Image, affine: Affine) -> None:
    to_lps = lps(affine)
    spacing = np.linalg.norm(to_lps[:3, :3], axis=0)
    directions = to_lps[:3, :3] / spacing
    skew = float(np.abs(directions.T @ directions - np.eye(3)).max())
    if not skew < _STRAIGHT:
        raise InputError(
            "volume: the axes of its grid must be at right angles; found two whose cosine is "
            f"{skew:.3g} (a tilted gantry?)."
        )
    image.SetSpacing([float(step) for step in spacing])
    image.SetOrigin([float(value) for value in to_lps[:3, 3]])
    image.SetDirection([float(value) for value in directions.ravel()])


_STRAIGHT = 1e-3
"""Cosine of the angle of two axes: rounded direction cosines of DICOM stay under it."""
