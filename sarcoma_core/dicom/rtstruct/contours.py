"""Where the contours of an RTSTRUCT stand in its file, and their points, one contour at a time.

Only places are kept: the points of 10,000 contours take more memory than the mask that is made of them.

Source: PS3.3, C.8.8.6 (ROI Contour Module).
"""

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from sarcoma_core.archive.values import read_items, read_text, read_whole
from sarcoma_core.dicom.rtstruct.elements import (
    DataEncoding,
    ElementHead,
    elements,
    items,
    read_head,
    read_item,
)

ROI_CONTOUR_SEQUENCE: Final = 0x30060039
_CONTOUR_SEQUENCE, _CONTOUR_DATA, _REFERENCED_ROI_NUMBER = 0x30060040, 0x30060050, 0x30060084
_UNDEFINED: Final = 0xFFFFFFFF

AREAS: Final = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
NO_AREAS: Final = ("OPEN_PLANAR", "OPEN_NONPLANAR", "POINT")
"""ContourGeometricType (PS3.3, C.8.8.6.1)."""

LARGEST_MM: Final = 1e6
"""How far a point may be from the origin: a kilometre, far beyond any scanner."""

_DECIMAL = b"0123456789+-.eE\\ "
"""Characters of VR DS (PS3.5, 6.2), and what stands between values."""

Points = NDArray[np.float64]
"""Points of a contour, LPS mm, shape (n, 3)."""


@dataclass(slots=True)
class RoiContours:
    """The contours of one ROI.

    Args:
        places: where the points of each area begin in the file, bytes.
        lengths: of the points of each area, bytes.
        counts: NumberOfContourPoints of each area; -1 where it does not say.
        open: how many contours bound no area.
        unknown: how many are of no type that the standard knows.
    """

    places: "array[int]" = field(default_factory=lambda: array("q"))
    lengths: "array[int]" = field(default_factory=lambda: array("q"))
    counts: "array[int]" = field(default_factory=lambda: array("q"))
    open: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class ContourIndex:
    """All contours of a file.

    Args:
        rois: by ReferencedROINumber.
        sop_uids: instances that they say they were drawn on.
    """

    rois: Mapping[int, RoiContours]
    sop_uids: frozenset[str]


def index_contours(stream: BinaryIO, encoding: DataEncoding) -> ContourIndex:
    """Find all contours.

    Args:
        stream: at the head of ROIContourSequence; behind it afterwards.
        encoding: of the data set.

    Raises:
        EOFError: it ends too early.
        ValueError: what stands there is no sequence.
    """
    rois: dict[int, RoiContours] = defaultdict(RoiContours)
    sop_uids: set[str] = set()
    for item, end in items(stream, read_head(stream, encoding)):
        number, found = None, RoiContours()
        for head in elements(stream, item, end):
            if head.tag == _CONTOUR_SEQUENCE:
                _note_contours(stream, head, found, sop_uids)
            elif head.tag == _REFERENCED_ROI_NUMBER and head.end is not None:
                number = int(stream.read(head.end - stream.tell()).strip(b"\0 "))
        if number is not None:
            _add(rois[number], found)
    return ContourIndex(dict(rois), frozenset(sop_uids))


def read_points(stream: BinaryIO, place: int, length: int) -> Points:
    """The points of one contour.

    Args:
        stream: the file.
        place: where they begin, bytes.
        length: bytes.

    Raises:
        ValueError: something else than numbers, not three for each point, or one too large.
        EOFError: the file ends too early.
    """
    stream.seek(place)
    content = stream.read(length)
    if len(content) < length:
        raise EOFError
    return parse_points(content)


def parse_points(content: bytes) -> Points:
    """ContourData as it is written: decimal strings with backslashes between them.

    Raises:
        ValueError: something else than numbers, not three for each point, or one too large.
    """
    text = content.strip(b"\0 ")
    if not text:
        return np.empty((0, 3))
    if text.translate(None, _DECIMAL):
        raise ValueError("a character that no number has")
    values = np.array([float(value) for value in text.split(b"\\")])
    if len(values) % 3 or not (np.abs(values) <= LARGEST_MM).all():
        raise ValueError("not points")
    return values.reshape(-1, 3)


def _note_contours(stream: BinaryIO, sequence: ElementHead, found: RoiContours, sop_uids: set[str]) -> None:
    for encoding, end in items(stream, sequence):
        contour = read_item(stream, encoding, end)
        sop_uids.update(_images(contour))
        kind = read_text(contour, "ContourGeometricType")
        if kind in AREAS:
            place, length = _data_of(contour)
            found.places.append(place)
            found.lengths.append(length)
            found.counts.append(_count_of(contour))
        elif kind in NO_AREAS:
            found.open += 1
        else:
            found.unknown += 1


def _images(contour: Dataset) -> Iterator[str]:
    for image in read_items(contour, "ContourImageSequence"):
        if uid := read_text(image, "ReferencedSOPInstanceUID"):
            yield uid


def _count_of(contour: Dataset) -> int:
    count = read_whole(contour, "NumberOfContourPoints")
    return -1 if count is None or not 0 <= count < _UNDEFINED else count


def _data_of(contour: Dataset) -> tuple[int, int]:
    """Where ContourData begins, and its length, bytes; of length 0 where there is none."""
    raw: object = contour.get_item(_CONTOUR_DATA)
    if not isinstance(raw, RawDataElement) or not raw.value:
        return 0, 0
    if raw.length not in (_UNDEFINED, len(raw.value)):
        raise EOFError
    return raw.value_tell, len(raw.value)


def _add(roi: RoiContours, more: RoiContours) -> None:
    roi.places.extend(more.places)
    roi.lengths.extend(more.lengths)
    roi.counts.extend(more.counts)
    roi.open += more.open
    roi.unknown += more.unknown
