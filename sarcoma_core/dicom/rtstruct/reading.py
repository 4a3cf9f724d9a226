"""Read an RTSTRUCT: its ROIs, and what it says of itself.

Source: PS3.3, A.19 (RT Structure Set IOD), C.8.8.5 to C.8.8.8.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import RTStructureSetStorage

from sarcoma_core.archive.fence import fence
from sarcoma_core.archive.values import read_items, read_text, read_texts, read_whole
from sarcoma_core.dicom.drawings import CodedConcept, Drawing, DrawingSource, DrawnRegion, algorithm_told
from sarcoma_core.dicom.equipment import read_software
from sarcoma_core.dicom.rtstruct.contours import ROI_CONTOUR_SEQUENCE, ContourIndex, index_contours
from sarcoma_core.dicom.rtstruct.drawing import ContourDrawing
from sarcoma_core.dicom.rtstruct.elements import opened, read_rest, read_up_to
from sarcoma_core.errors import DicomError

_UNDEFINED = 0xFFFFFFFF
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_TIME = re.compile(r"(\d{2})(\d{2})?(\d{2})?")
"""VRs DA and TM (PS3.5, 6.2), as far as seconds."""


def read_rtstruct(path: Path) -> Drawing:
    """Read an RTSTRUCT; contours stay in the file until a region is asked for.

    Raises:
        DicomError: not DICOM, another kind of object, cut short or damaged, or without an ROI.
        OSError: it cannot be read.
    """
    with fence(DicomError, "the RT structure set"), opened(path) as stream:
        try:
            dataset, encoding = read_up_to(stream, ROI_CONTOUR_SEQUENCE)
        except InvalidDicomError:
            raise DicomError("not DICOM (no DICM prefix)") from None
        if read_text(dataset, "SOPClassUID") != RTStructureSetStorage:
            raise DicomError("SOPClassUID: must be that of an RT structure set; found another")
        index = ContourIndex({}, frozenset())
        if stream.tell() < encoding.size:
            index = index_contours(stream, encoding)
            dataset.update(read_rest(stream, encoding))
        _require_whole(dataset)
        regions = tuple(_regions(dataset, index))
        if not regions:
            raise DicomError("StructureSetROISequence: must hold one ROI at least; found none")
        return ContourDrawing(path, _source(dataset, index), regions, index.rois, _faults(regions))


def _require_whole(dataset: Dataset) -> None:
    for tag in dataset.keys():  # noqa: SIM118  its values would be parsed
        raw: object = dataset.get_item(tag)
        if (
            isinstance(raw, RawDataElement)
            and raw.length != _UNDEFINED
            and len(raw.value or b"") < raw.length
        ):
            raise DicomError("cut short: the last element's value is incomplete")


def _regions(dataset: Dataset, index: ContourIndex) -> Iterator[DrawnRegion]:
    """ROIs in the order of their numbers; those without a number come last, and have negative ones."""
    concepts = dict(_concepts(dataset))
    items = [(read_whole(roi, "ROINumber"), roi) for roi in read_items(dataset, "StructureSetROISequence")]
    nameless = sorted(set(index.rois) - {number for number, _ in items})
    numbered = [(number, roi) for number, roi in items if number is not None and number >= 0]
    in_order = sorted([*numbered, *((number, Dataset()) for number in nameless)], key=lambda one: one[0])
    without = [roi for number, roi in items if number is None or number < 0]
    for number, roi in (*in_order, *((-place, roi) for place, roi in enumerate(without, 1))):
        yield DrawnRegion(
            number,
            "\\".join(read_texts(roi, "ROIName")),
            concepts.get(number),
            algorithm_told(read_text(roi, "ROIGenerationAlgorithm")),
            description=read_text(roi, "ROIDescription"),
        )


def _faults(regions: Iterable[DrawnRegion]) -> dict[int, str]:
    """Why an ROI cannot be used whatever its contours are."""
    often = Counter(region.number for region in regions)
    faults = {
        number: f"ROINumber: must be one ROI's; found {count} ROIs that have it."
        for number, count in often.items()
        if count > 1
    }
    without = "ROINumber: must be a whole number from 0 on; found an ROI with none, or with another."
    return faults | {number: without for number in often if number < 0}


def _concepts(dataset: Dataset) -> Iterator[tuple[int, CodedConcept]]:
    """What ROIs are, of the first code of their observations."""
    for observation in read_items(dataset, "RTROIObservationsSequence"):
        number = read_whole(observation, "ReferencedROINumber")
        codes = read_items(observation, "RTROIIdentificationCodeSequence")
        if number is not None and codes and read_text(codes[0], "CodeValue"):
            yield (
                number,
                CodedConcept(
                    read_text(codes[0], "CodeValue"),
                    read_text(codes[0], "CodingSchemeDesignator"),
                    read_text(codes[0], "CodeMeaning"),
                ),
            )


def _source(dataset: Dataset, index: ContourIndex) -> DrawingSource:
    frames = read_items(dataset, "ReferencedFrameOfReferenceSequence")
    studies = [study for frame in frames for study in read_items(frame, "RTReferencedStudySequence")]
    series = [one for study in studies for one in read_items(study, "RTReferencedSeriesSequence")]
    images = [image for one in series for image in read_items(one, "ContourImageSequence")]
    rois = read_items(dataset, "StructureSetROISequence")
    uid = read_text(dataset, "SOPInstanceUID")
    if not uid:
        raise DicomError("SOPInstanceUID: must be present (type 1); found none")
    return DrawingSource(
        kind="RTSTRUCT",
        uid=uid,
        label=read_text(dataset, "StructureSetLabel"),
        study_uids=_texts(studies, "ReferencedSOPInstanceUID"),
        series_uids=_texts(series, "SeriesInstanceUID"),
        sop_uids=_texts(images, "ReferencedSOPInstanceUID") | index.sop_uids,
        frames=_texts(frames, "FrameOfReferenceUID") | _texts(rois, "ReferencedFrameOfReferenceUID"),
        reader=read_text(dataset, "ReviewerName") or read_text(dataset, "OperatorsName"),
        software=read_software(dataset),
        time=_time(read_text(dataset, "StructureSetDate"), read_text(dataset, "StructureSetTime")),
    )


def _texts(items: Iterable[Dataset], keyword: str) -> frozenset[str]:
    return frozenset(text for item in items if (text := read_text(item, keyword)))


def _time(date: str, time: str) -> str:
    """ISO 8601 of a DICOM date and time; empty without a date."""
    day = _DATE.match(date)
    clock = _TIME.match(time)
    if day is None:
        return ""
    return "-".join(day.groups()) + (f"T{':'.join(part or '00' for part in clock.groups())}" if clock else "")
