"""Where the body is in a volume of any modality; what lies around it, such as the table, left out."""

import numpy as np
import SimpleITK as sitk

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.body_mask import find_body
from sarcoma_core.imaging.resampling import as_image
from sarcoma_core.imaging.volume import Floats, Mask, Volume, check_values

_CT_BODY = -300.0
"""HU: between fat, -100, and what a voxel shows that is half air."""
_PET_PART = 0.2
"""Of the uptake of muscle; fat has 0.4 of it, and scatter in the air 0.1."""
_OPENED = 5.0
"""mm: half the width of what holds a table and a body together, and of a table itself."""
_PART_OF_LARGEST = 0.1
"""Smaller components are not limbs."""


def body_in(volume: Volume, modality: str) -> Mask | None:
    """The body, or None where it cannot be told from what is around it.

    MR as `body_mask.find_body` has it, also after a z-score; in CT what is denser than -300 HU, in PET what
    takes up a fifth of what muscle does, both without threads, tables and holes.

    Raises:
        InputError: the volume is not 3D, not finite or constant.
    """
    check_values(volume.array)
    if modality not in ("CT", "PT"):
        return _magnitude(volume)
    level = _CT_BODY if modality == "CT" else _PET_PART * of_muscle(volume.array)
    mask = _solid(volume.array > level, volume)
    return mask if mask.any() else None


def _magnitude(volume: Volume) -> Mask | None:
    lowest = np.float32(min(float(volume.array.min()), 0.0))  # a z-score has air below 0
    try:
        return find_body(volume.array - lowest, volume.spacing).mask
    except InputError:
        return None


def of_muscle(uptake: Floats) -> float:
    """What muscle takes up, about: the median above the mean of the volume; SUV, or any unit."""
    positive = np.maximum(uptake, 0)
    return float(np.median(positive[positive > positive.mean(dtype=np.float64)]))


def _solid(mask: Mask, volume: Volume) -> Mask:
    """The large pieces after an opening, in each of which the holes are filled."""
    image = as_image(mask, volume.affine)
    reach = [max(1, round(_OPENED / step)) for step in volume.spacing]
    opened = sitk.BinaryMorphologicalOpening(image, reach, sitk.sitkBox)
    pieces = sitk.ConnectedComponent(opened)
    labels = np.asarray(sitk.GetArrayViewFromImage(pieces))
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    if not sizes.any():
        return np.zeros_like(mask)
    kept = as_image((sizes >= _PART_OF_LARGEST * sizes.max())[labels].T, volume.affine)
    filled = sitk.BinaryFillhole(kept)
    return np.asarray(sitk.GetArrayFromImage(filled).T, np.bool_)
