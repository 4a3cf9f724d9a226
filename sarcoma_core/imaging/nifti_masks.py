"""Masks as NIfTI: written as 0 and 1, read with whatever labels another tool gave them."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from sarcoma_core.archive.gzipped import gzipped
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.grids import grid_difference
from sarcoma_core.imaging.slice_views import OFF_VOXELS
from sarcoma_core.imaging.volume import Floats, Mask, Volume, read_forms, read_nifti

MOST_LABELS = 50
"""Values of a label map; more are an image."""
_WHOLE = 1e-6


class LabelMap(NamedTuple):
    """The regions of a file of another tool.

    Attributes:
        masks: of each label.
        volume: the file's values and grid.
        probable: whether it held probabilities.
        forms_apart: how its qform puts voxels elsewhere than its sform does, which counts; empty where both
            agree to a tenth of the smallest spacing, or one alone is coded.
    """

    masks: Mapping[int, Mask]
    volume: Volume
    probable: bool
    forms_apart: str


def write_mask(path: Path, mask: Mask, affine: NDArray[np.float64]) -> None:
    """Write a mask as 0 and 1 (uint8) in scanner coordinates; equal masks give equal bytes.

    Args:
        path: `.nii.gz`.
        mask: shape (x, y, z).
        affine: voxel to RAS mm.

    Raises:
        OSError: the disk is full or read-only.
    """
    image = nib.Nifti1Image(mask.astype(np.uint8), affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, code="scanner")
    image.set_qform(affine, code="scanner")
    with gzipped(path) as stream:
        image.to_stream(stream)


def read_mask(path: Path) -> tuple[Mask, Volume]:
    """A mask that `write_mask` wrote, and the volume that it is: shape (x, y, z), and its affine.

    Raises:
        InputError: it is no whole NIfTI file, or holds other values than 0 and 1.
        OSError: it cannot be read.
    """
    volume = read_nifti(path)
    mask = ones(volume.array)
    if mask is None:
        raise InputError("mask: values must be 0 and 1; found others.")
    return mask, volume


def ones(values: Floats) -> Mask | None:
    """Where the values are 1; None where some are neither 0 nor 1."""
    mask = np.asarray(values == 1)
    return mask if (mask | (values == 0)).all() else None


def read_labels(path: Path) -> LabelMap:
    """The regions of a mask, a label map, or a probability map of another tool.

    Whole numbers are labels, 0 is none; values between 0 and 1 are probabilities, of which a half or more
    counts.

    Raises:
        InputError: it is no whole NIfTI file, has other values, or more labels than a label map has.
        OSError: it cannot be read.
    """
    volume, qform = read_forms(path)
    masks, probable = _regions(volume.array)
    return LabelMap(masks, volume, probable, _apart(volume, qform))


def _apart(volume: Volume, qform: NDArray[np.float64] | None) -> str:
    if qform is None:
        return ""
    return grid_difference(volume, Volume(volume.array, qform), within=OFF_VOXELS)


def _regions(values: Floats) -> tuple[Mapping[int, Mask], bool]:
    """The mask of each label, and whether the values are probabilities."""
    if not np.isfinite(values).all():
        raise InputError("mask: values must be finite; found some that are not.")
    if float(values.min(initial=0)) < 0:
        raise InputError("mask: values must be 0 or more; found negative ones.")
    if float(np.abs(values - np.rint(values)).max(initial=0)) > _WHOLE:
        if float(values.max()) > 1:
            raise InputError("mask: values must be labels, or probabilities from 0 to 1; found an image.")
        return {1: np.asarray(values >= 0.5)}, True  # noqa: PLR2004  a half
    labels = [int(label) for label in np.unique(np.rint(values)) if label]
    if len(labels) > MOST_LABELS:
        raise InputError(f"mask: must have {MOST_LABELS} labels at most; found {len(labels)}: an image?")
    return {label: np.asarray(np.rint(values) == label) for label in labels}, False
