"""Whose a scan is, in which frame of reference it lies, and of which side: what a registration asks before.

Values stay in memory to be compared; none is written anywhere.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import pydicom

from sarcoma_core.archive.fence import fence
from sarcoma_core.archive.values import read_text
from sarcoma_core.errors import DicomError

_MOST_TRIED = 5
"""Files: where these cannot be read, the scan tells nothing."""
_SIDES = ("L", "R")
_KEYWORDS = ["PatientID", "FrameOfReferenceUID", "Laterality", "ImageLaterality"]


class Bearings(NamedTuple):
    """What one header of a scan says; empty where it does not.

    Args:
        patient: PatientID.
        frame: FrameOfReferenceUID.
        side: L or R, of Laterality or ImageLaterality (PS3.3, C.7.3.1); others are none.
    """

    patient: str = ""
    frame: str = ""
    side: str = ""


def read_bearings(files: Sequence[Path]) -> Bearings:
    """The first header of a scan that can be read; nothing where none can.

    Raises:
        OSError: the disk fails.
    """
    for path in files[:_MOST_TRIED]:
        try:
            with fence(DicomError, "the DICOM header"):
                dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_KEYWORDS)
                sides = (read_text(dataset, keyword) for keyword in ("ImageLaterality", "Laterality"))
                side = next((side for side in sides if side in _SIDES), "")
                return Bearings(
                    read_text(dataset, "PatientID"), read_text(dataset, "FrameOfReferenceUID"), side
                )
        except DicomError:
            continue
    return Bearings()


def patients_among(bearings: Iterable[Bearings]) -> int:
    """How many patients headers name; those that name none do not count."""
    return len({one.patient for one in bearings if one.patient})


def same_frame(one: Bearings, other: Bearings) -> bool:
    """Whether both are in one frame of reference; one that is not told is another."""
    return bool(one.frame) and one.frame == other.frame


def opposite_sides(one: Bearings, other: Bearings) -> bool:
    """Whether one is of the left and the other of the right."""
    return {one.side, other.side} == set(_SIDES)
