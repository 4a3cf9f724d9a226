"""What OHIF needs to show a drawn object: it looks for its images by their SOPInstanceUIDs, and nowhere else.

Where those were replaced on one side, an RTSTRUCT names none of the images that are there, though it names
their series: so do all 18 of the collection that we test with. The copy of it for the viewer then names the
series' own images, as `import-masks` takes it. Points are not touched.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Literal, NamedTuple

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from sarcoma_core.archive.fence import fence
from sarcoma_core.archive.values import read_items, read_text
from sarcoma_core.errors import DicomError

Laid = Literal["as it is", "on its series", "nowhere"]
"""Whether OHIF can show a drawn object: as it is, with other names of images, or not at all."""


@dataclass(frozen=True, slots=True)
class StoredSlice:
    """An image of a series, as Orthanc holds it.

    Args:
        sop_class: SOPClassUID.
        uid: SOPInstanceUID.
        position: ImagePositionPatient, mm; None where it has none.
        orientation: ImageOrientationPatient; likewise.
    """

    sop_class: str
    uid: str
    position: tuple[float, ...] | None = None
    orientation: tuple[float, ...] | None = None


SlicesOf = Callable[[str], Sequence[StoredSlice]]
"""The images of a series that are there, by its SeriesInstanceUID."""


class LaidObject(NamedTuple):
    """A drawn object as it goes into the viewer.

    Attributes:
        content: of its file.
        laid: whether OHIF can show it.
    """

    content: bytes
    laid: Laid


def lay(content: bytes, kind: str, slices_of: SlicesOf) -> LaidObject:
    """A SEG, RTSTRUCT or heat map, so that OHIF finds its images where they are there.

    Args:
        content: of its file.
        kind: `SEG`, `RTSTRUCT` or `heat map`.
        slices_of: the images that are there.

    Raises:
        DicomError: it is damaged.
    """
    with fence(DicomError, f"the {kind}"):
        if kind != "RTSTRUCT":
            head = pydicom.dcmread(BytesIO(content), specific_tags=["ReferencedSeriesSequence"])
            named = read_items(head, "ReferencedSeriesSequence")
            is_there = _are_there(named, "ReferencedInstanceSequence", slices_of)
            return LaidObject(content, "as it is" if is_there else "nowhere")
        head = pydicom.dcmread(BytesIO(content), specific_tags=["ReferencedFrameOfReferenceSequence"])
        if _are_there(_series(head), "ContourImageSequence", slices_of):
            return LaidObject(content, "as it is")
        dataset = pydicom.dcmread(BytesIO(content))
        if not _rename(dataset, slices_of):
            return LaidObject(content, "nowhere")
        out = BytesIO()
        dataset.save_as(out)
        return LaidObject(out.getvalue(), "on its series")


def _series(dataset: Dataset) -> list[Dataset]:
    return [
        series
        for frame in read_items(dataset, "ReferencedFrameOfReferenceSequence")
        for study in read_items(frame, "RTReferencedStudySequence")
        for series in read_items(study, "RTReferencedSeriesSequence")
    ]


def _are_there(named: Sequence[Dataset], keyword: str, slices_of: SlicesOf) -> bool:
    """Whether an image that is named is there, in the series that is named with it."""
    for series in named:
        there = {one.uid for one in slices_of(read_text(series, "SeriesInstanceUID"))}
        if any(
            read_text(image, "ReferencedSOPInstanceUID") in there for image in read_items(series, keyword)
        ):
            return True
    return False


def _rename(dataset: Dataset, slices_of: SlicesOf) -> bool:
    """Name the images of the first series that is there, in the series and in each contour."""
    for series in _series(dataset):
        slices = slices_of(read_text(series, "SeriesInstanceUID"))
        if slices:
            series.ContourImageSequence = [_reference(one) for one in slices]
            for roi in read_items(dataset, "ROIContourSequence"):
                for contour in read_items(roi, "ContourSequence"):
                    nearest = _nearest(contour, slices)
                    contour.ContourImageSequence = [_reference(nearest)]
            return True
    return False


def _nearest(contour: Dataset, slices: Sequence[StoredSlice]) -> StoredSlice:
    """The image that a contour lies on: the one whose plane its first point is nearest to."""
    placed = [one for one in slices if one.position and one.orientation]
    points = contour.get("ContourData")
    if not placed or not points:
        return slices[0]
    point = np.array([float(value) for value in points[:3]])

    def off(one: StoredSlice) -> float:
        along_row, along_column = np.reshape(one.orientation or (), (2, 3))
        return abs(float(np.cross(along_row, along_column) @ (point - np.array(one.position))))

    return min(placed, key=off)


def _reference(one: StoredSlice) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = one.sop_class
    item.ReferencedSOPInstanceUID = one.uid
    return item
