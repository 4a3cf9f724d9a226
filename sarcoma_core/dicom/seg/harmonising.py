"""Copies in memory of the headers of a series, as highdicom wants them; the files stay as they are.

highdicom 0.28 refuses a series of which ImageOrientationPatient differs in the tenth digit between slices, as
in a real one, or that lacks an attribute that may be empty; it quotes a name of one part in a warning and in
its log. So it gets copies with what places the images, and nothing of the patient: the attributes of patient
and study are copied from the source afterwards, as they are.
"""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
from pydicom.dataset import Dataset

from sarcoma_core.archive.values import read_items, read_number
from sarcoma_core.dicom.drawn_on import SourcePlane
from sarcoma_core.dicom.geometry import orientation_groups
from sarcoma_core.dicom.planes import PER_FRAME, SHARED
from sarcoma_core.errors import InputError

_KEPT = (
    *("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"),
    *("PositionReferenceIndicator", "Modality", "Rows", "Columns", "ImageType", "NumberOfFrames"),
    *("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"),
)
"""What highdicom reads of an image besides its place."""
_EMPTY = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID"),
    *("AccessionNumber", "ReferringPhysicianName"),
)
"""Type 2 attributes of the patient and the study (PS3.3, C.7.1.1 and C.7.2.1), which it asks for."""
_POSITION = "PlanePositionSequence"
_DS_LENGTH = 16
"""Characters of a decimal string (PS3.5, 6.2)."""


def harmonise(sources: Sequence[SourcePlane], gap: float) -> list[Dataset]:
    """Copies of the headers, with one orientation and one pixel spacing.

    Args:
        sources: classic images, or frames of one multi-frame image.
        gap: from slice to slice, mm; SpacingBetweenSlices of the copies, as in the source it may be another
            thing.

    Returns:
        One for each source; of a multi-frame image one for all.

    Raises:
        InputError: the orientations differ by more than rounding.
    """
    cosines = np.array([source.plane.orientation for source in sources])
    if orientation_groups(cosines).max() > 0:
        raise InputError("sources: must be images of one orientation; found several.")
    first = sources[0]
    if PER_FRAME in first.dataset:
        return [_multi_frame(sources, gap)]
    copies = []
    for source in sources:
        copy = _copy(source.dataset)
        copy.ImagePositionPatient = _decimals(source.plane.position)
        _add_measures(copy, copy, first, gap)
        copies.append(copy)
    return copies


def _copy(dataset: Dataset) -> Dataset:
    copy = Dataset()
    for keyword in _KEPT:
        if keyword in dataset:
            copy[keyword] = deepcopy(dataset[keyword])
    for keyword in _EMPTY:
        setattr(copy, keyword, "")
    return copy


def _multi_frame(sources: Sequence[SourcePlane], gap: float) -> Dataset:
    """One copy, of which each frame has the position of its own, and all share the rest."""
    dataset = sources[0].dataset
    copy, shared = _copy(dataset), Dataset()
    measures, orientation = Dataset(), Dataset()
    _add_measures(measures, orientation, sources[0], gap)
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
    copy.SharedFunctionalGroupsSequence = [shared]
    common = next(iter(read_items(dataset, SHARED)), Dataset())
    frames = []
    for own in read_items(dataset, PER_FRAME):
        frame = Dataset()
        holder = own if _POSITION in own else common
        frame[_POSITION] = deepcopy(holder[_POSITION])
        frames.append(frame)
    copy.PerFrameFunctionalGroupsSequence = frames
    return copy


def _add_measures(measures: Dataset, orientation: Dataset, first: SourcePlane, gap: float) -> None:
    thickness = read_number(first.dataset, "SliceThickness") or gap
    measures.PixelSpacing = _decimals(first.plane.spacing)
    measures.SliceThickness, measures.SpacingBetweenSlices = _decimals((thickness, gap))
    orientation.ImageOrientationPatient = _decimals(first.plane.orientation)


def _decimals(values: Sequence[float]) -> list[str]:
    """Numbers as decimal strings, with as many digits as these hold."""
    return [_decimal(value) for value in values]


def _decimal(value: float) -> str:
    texts = (f"{value:.{digits}g}" for digits in range(12, 0, -1))
    return next(text for text in texts if len(text) <= _DS_LENGTH)
