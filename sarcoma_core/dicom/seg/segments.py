"""The segments that are to be written, and what they must be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sarcoma_core.dicom.colours import Rgb
from sarcoma_core.dicom.drawings import CodedConcept
from sarcoma_core.dicom.seg.concepts import MEANINGS
from sarcoma_core.dicom.seg.pixels import SegKind
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Floats, Mask

AlgorithmType = Literal["MANUAL", "SEMIAUTOMATIC", "AUTOMATIC"]
"""SegmentAlgorithmType (PS3.3, C.8.20.2)."""

_LABEL_LENGTH = 64
"""Characters of SegmentLabel (VR LO)."""
_AI = CodedConcept("123110", "DCM", "Artificial Intelligence")


@dataclass(frozen=True, slots=True, eq=False)
class SegmentToWrite:
    """One segment.

    Args:
        number: SegmentNumber: 1, 2, 3 ... in a row; of a label map any of 1 to 65535, in order.
        label: SegmentLabel, 1 to 64 characters.
        mask: of the volume's shape; of FRACTIONAL a fraction of 0 to 1.
        category: SegmentedPropertyCategoryCodeSequence.
        type: SegmentedPropertyTypeCodeSequence; see `concepts`.
        algorithm_type: who drew it.
        algorithm_name: of what did, unless it is MANUAL.
        algorithm_version: likewise.
        algorithm_family: likewise, of CID 7162.
        description: SegmentDescription, or empty.
        tracking_uid: TrackingUID, the same for one lesion in all its segmentations; or empty.
        colour: RecommendedDisplayCIELabValue, as red, green and blue; None leaves it to the viewer.
    """

    number: int
    label: str
    mask: Mask | Floats
    category: CodedConcept = MEANINGS["tumour"].category
    type: CodedConcept = MEANINGS["tumour"].type
    algorithm_type: AlgorithmType = "MANUAL"
    algorithm_name: str = ""
    algorithm_version: str = ""
    algorithm_family: CodedConcept = _AI
    description: str = ""
    tracking_uid: str = ""
    colour: Rgb | None = None


def require_segments(segments: Sequence[SegmentToWrite], shape: tuple[int, ...], kind: SegKind) -> None:
    """Check segments at the door.

    Args:
        segments: what is to be written.
        shape: of the volume, (x, y, z).
        kind: SegmentationType.

    Raises:
        InputError: there is none, numbers are not in a row, or a mask, label or algorithm breaks its rule.
    """
    numbers = [segment.number for segment in segments]
    if not segments:
        raise InputError("segments: must be one at least; found none.")
    if kind == "LABELMAP":
        if numbers != sorted(set(numbers)) or numbers[0] < 1 or numbers[-1] >= 2**16:
            raise InputError("segments: must be numbered from 1 to 65535, in order; found other numbers.")
    elif numbers != list(range(1, len(numbers) + 1)):
        raise InputError(f"segments: must be numbered 1, 2, 3 ... for {kind}; found other numbers.")
    for segment in segments:
        _require_label(segment)
        _require_values(segment, shape, kind)


def _require_label(segment: SegmentToWrite) -> None:
    label, told = segment.label, f"segment {segment.number}"
    if not label.strip() or len(label) > _LABEL_LENGTH or not label.isprintable() or "\\" in label:
        raise InputError(f"{told}: its label must be 1 to {_LABEL_LENGTH} printable characters; it is not.")
    if segment.algorithm_type != "MANUAL" and not segment.algorithm_name:
        raise InputError(f"{told}: must name its algorithm for {segment.algorithm_type}; found none.")


def _require_values(segment: SegmentToWrite, shape: tuple[int, ...], kind: SegKind) -> None:
    mask, told = segment.mask, f"segment {segment.number}"
    if mask.shape != shape:
        raise InputError(f"{told}: must have the shape {shape}; found {mask.shape}.")
    if kind != "FRACTIONAL" and mask.dtype != np.bool_:
        raise InputError(f"{told}: must be a mask of booleans for {kind}; found {mask.dtype}.")
    if kind == "FRACTIONAL" and not ((mask >= 0) & (mask <= 1)).all():
        raise InputError(f"{told}: fractions must be 0 to 1; found others.")
    if not mask.any():
        raise InputError(f"{told}: must have a voxel at least; it is empty.")
