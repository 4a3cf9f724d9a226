"""The ROIs that are to be written, and what they must be."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
from pydicom.uid import generate_uid

from sarcoma_core.archive.masks import Algorithm
from sarcoma_core.dicom.colours import COLOURS, Rgb
from sarcoma_core.dicom.drawings import CodedConcept
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Mask

_NAME_LENGTH: Final = 64
"""Characters of ROIName (VR LO)."""
_LABEL_LENGTH: Final = 16
"""Characters of StructureSetLabel (VR SH) and of RTROIInterpretedType (VR CS)."""
_MOST_COLOUR: Final = 255


@dataclass(frozen=True, slots=True, eq=False)
class RoiToWrite:
    """One ROI.

    Args:
        number: ROINumber, 1 or more.
        name: ROIName, 1 to 64 characters.
        mask: of the volume's shape.
        colour: ROIDisplayColor: red, green, blue, 0 to 255.
        interpreted_type: RTROIInterpretedType, such as GTV or ORGAN; or empty.
        algorithm: ROIGenerationAlgorithm: who drew it; empty where it is not known.
        concept: RTROIIdentificationCodeSequence.
        description: ROIDescription, or empty.
    """

    number: int
    name: str
    mask: Mask
    colour: Rgb = COLOURS[0]
    interpreted_type: str = "GTV"
    algorithm: Algorithm = ""
    concept: CodedConcept | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class RtstructIdentity:
    """What tells one structure set from another; equal ones give equal bytes.

    Args:
        series_uid: SeriesInstanceUID.
        sop_uid: SOPInstanceUID.
        series_number: SeriesNumber.
        time: when it was made.
        description: SeriesDescription, or empty.
        label: StructureSetLabel (VR SH).
        creator: OperatorsName, or empty.
    """

    series_uid: str = field(default_factory=generate_uid)
    sop_uid: str = field(default_factory=generate_uid)
    series_number: int = 1000
    time: datetime = field(default_factory=lambda: datetime.now().astimezone())
    description: str = ""
    label: str = "CONTOURS"
    creator: str = ""


def require_rois(rois: Sequence[RoiToWrite], shape: tuple[int, ...], identity: RtstructIdentity) -> None:
    """Check ROIs at the door.

    Args:
        rois: what is to be written.
        shape: of the volume, (x, y, z).
        identity: of the structure set.

    Raises:
        InputError: there is none, two have one number, or a mask, name, colour or label breaks its rule.
    """
    numbers = [roi.number for roi in rois]
    if not rois:
        raise InputError("rois: must be one at least; found none.")
    if len(set(numbers)) < len(numbers) or min(numbers) < 1:
        raise InputError("rois: must have numbers of their own, from 1 on; found others.")
    if not _is_text(identity.label, _LABEL_LENGTH):
        raise InputError(f"label: must be 1 to {_LABEL_LENGTH} printable characters; it is not.")
    for roi in rois:
        told = f"ROI {roi.number}"
        if not _is_text(roi.name, _NAME_LENGTH):
            raise InputError(f"{told}: its name must be 1 to {_NAME_LENGTH} printable characters; it is not.")
        if not all(0 <= part <= _MOST_COLOUR for part in roi.colour):
            raise InputError(f"{told}: its colour must be three numbers of 0 to {_MOST_COLOUR}; it is not.")
        _require_voxels(told, roi.mask, shape)


def _is_text(text: str, most: int) -> bool:
    return bool(text.strip()) and len(text) <= most and text.isprintable() and "\\" not in text


def _require_voxels(told: str, mask: Mask, shape: tuple[int, ...]) -> None:
    if mask.shape != shape:
        raise InputError(f"{told}: must have the shape {shape}; found {mask.shape}.")
    if mask.dtype != np.bool_:
        raise InputError(f"{told}: must be a mask of booleans; found {mask.dtype}.")
    if not mask.any():
        raise InputError(f"{told}: must have a voxel at least; it is empty.")
