"""What a region-of-interest collection says of itself: the facts that the OHIF plugin reads from DICOM.

SEG: the study is its own; series and instances come from ReferencedSeriesSequence, instances also from each
frame's DerivationImageSequence. RTSTRUCT: the study is RTReferencedStudySequence's, series and instances
stand below it, instances also in each contour.

Source: OHIF viewer plugin 3.6.0 (``SegmentationRoiCollection``, ``RtStructRoiCollection``), our reading of
it; earlier plugins leave a SEG's DerivationImageSequence unchecked. Which type-1 attributes its DICOM library
asks for is our reading of PS3.3; every real SEG and RTSTRUCT that we test with has them.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import NamedTuple

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from sarcoma_core.archive.fence import reading_quietly
from sarcoma_core.archive.inflating import require_no_bomb
from sarcoma_core.errors import DicomError

SEG, RTSTRUCT = "SEG", "RTSTRUCT"
SOP_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.66.4": SEG,
    "1.2.840.10008.5.1.4.1.1.481.3": RTSTRUCT,
}
"""Storage classes that the plugin takes; label-map segmentations (66.7) are none of them."""

_COMMON = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality")
_EQUIPMENT = ("Manufacturer", "ManufacturerModelName", "DeviceSerialNumber", "SoftwareVersions")
_PIXELS = (
    *("ImageType", "SamplesPerPixel", "PhotometricInterpretation", "PixelRepresentation", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored", "HighBit", "LossyImageCompression"),
)
_FRAMES = ("SharedFunctionalGroupsSequence", "NumberOfFrames", "ContentDate", "ContentTime")
_SEGMENTATION = ("SeriesNumber", "InstanceNumber", "ContentLabel", "SegmentationType", "SegmentSequence")
_NEEDED = {
    SEG: (*_COMMON, *_EQUIPMENT, *_PIXELS, *_FRAMES, *_SEGMENTATION),
    RTSTRUCT: (
        *_COMMON,
        "StructureSetLabel",
        "StructureSetROISequence",
        "ROIContourSequence",
        "RTROIObservationsSequence",
    ),
}
"""Attributes of type 1 in PS3.3 A.51.4 and A.19.3, of the modules that are the object's own."""


class Region(NamedTuple):
    """One region: its UID is the collection's with the region's number behind it."""

    uid: str
    name: str


@dataclass(frozen=True)
class Collection:
    """A region-of-interest collection.

    Args:
        type: `SEG` or `RTSTRUCT`.
        uid: SOPInstanceUID: another one for every version that was saved.
        name: SeriesDescription of a SEG (else `SEG`), StructureSetLabel of an RTSTRUCT.
        date: StudyDate as YYYYMMDD of a SEG, StructureSetDate of an RTSTRUCT; or empty.
        time: likewise, HHMMSS.
        study_uids: studies that it says it was drawn on.
        series_uids: series that it says it was drawn on.
        sop_uids: instances that it says it was drawn on.
        regions: its segments or ROIs.
    """

    type: str
    uid: str
    name: str
    date: str
    time: str
    study_uids: frozenset[str]
    series_uids: frozenset[str]
    sop_uids: frozenset[str]
    regions: tuple[Region, ...]


class Unreadable(NamedTuple):
    """What was to be a collection and cannot be read: the server answers 500."""

    type: str
    reason: str


def read_collection(content: bytes, kind: str = "") -> Collection:
    """Read a DICOM SEG or RTSTRUCT.

    Args:
        content: the file's bytes.
        kind: what it must be, `SEG` or `RTSTRUCT`; found out from its SOPClassUID when empty.

    Raises:
        DicomError: not DICOM, another kind of object, or an attribute that must be there is not.
    """
    with reading_quietly():
        try:
            require_no_bomb(BytesIO(content))
            dataset = pydicom.dcmread(BytesIO(content), stop_before_pixels=True)
            collection_type = SOP_CLASSES.get(str(dataset.get("SOPClassUID", "")), "")
            if not collection_type or (kind and kind != collection_type):
                raise DicomError(
                    f"SOPClassUID: must be that of a {kind or 'SEG or RTSTRUCT'}; found another."
                )
            _require(dataset, *_NEEDED[collection_type])
            return _seg(dataset) if collection_type == SEG else _rtstruct(dataset)
        except InvalidDicomError:
            raise DicomError("ROI collection: must be DICOM; found no DICM prefix.") from None
        except (
            EOFError,
            struct.error,
            ValueError,
            KeyError,
            NotImplementedError,
            TypeError,
            OSError,
            RecursionError,
        ) as error:
            kind_of = type(error).__name__
            raise DicomError(f"ROI collection: its header must be readable; found {kind_of}.") from None
        except AttributeError as error:
            raise DicomError(
                f"ROI collection: {error.name or 'every sequence item'} must be present; found none."
            ) from None


def try_collection(content: bytes, kind: str) -> Collection | Unreadable:
    """Read a collection; a type of which nothing can be read, or a file that is damaged, is `Unreadable`."""
    if kind not in (SEG, RTSTRUCT):
        return Unreadable(kind, f"{kind} collections are not read here: SEG and RTSTRUCT only.")
    try:
        return read_collection(content, kind)
    except DicomError as error:
        return Unreadable(kind, error.message)


def _require(dataset: Dataset, *keywords: str) -> None:
    for keyword in keywords:
        if dataset.get(keyword) in (None, "", []):
            raise DicomError(f"ROI collection: {keyword} must be present (type 1); found none.")


def _seg(dataset: Dataset) -> Collection:
    series = _items(dataset, "ReferencedSeriesSequence")
    frames = _items(dataset, "PerFrameFunctionalGroupsSequence")
    named = {str(r.ReferencedSOPInstanceUID) for s in series for r in _items(s, "ReferencedInstanceSequence")}
    derived = {
        str(source.ReferencedSOPInstanceUID)
        for frame in frames
        for image in _items(frame, "DerivationImageSequence")
        for source in _items(image, "SourceImageSequence")
    }
    for segment in dataset.SegmentSequence:
        _require(segment, "SegmentNumber", "SegmentLabel", "SegmentAlgorithmType")
    uid = str(dataset.SOPInstanceUID)
    return Collection(
        type=SEG,
        uid=uid,
        name=str(dataset.get("SeriesDescription") or SEG),
        date=str(dataset.get("StudyDate") or ""),
        time=str(dataset.get("StudyTime") or "")[:6],
        study_uids=frozenset({str(dataset.StudyInstanceUID)}),
        series_uids=frozenset(str(s.SeriesInstanceUID) for s in series),
        sop_uids=frozenset(named | derived),
        regions=tuple(
            Region(f"{uid}.{segment.SegmentNumber}", str(segment.SegmentLabel))
            for segment in dataset.SegmentSequence
        ),
    )


def _rtstruct(dataset: Dataset) -> Collection:
    studies = [
        study
        for frame in _items(dataset, "ReferencedFrameOfReferenceSequence")
        for study in _items(frame, "RTReferencedStudySequence")
    ]
    series = [s for study in studies for s in _items(study, "RTReferencedSeriesSequence")]
    contours = [c for roi in dataset.ROIContourSequence for c in _items(roi, "ContourSequence")]
    uid = str(dataset.SOPInstanceUID)
    return Collection(
        type=RTSTRUCT,
        uid=uid,
        name=str(dataset.StructureSetLabel),
        date=str(dataset.get("StructureSetDate") or ""),
        time=str(dataset.get("StructureSetTime") or "")[:6],
        study_uids=frozenset(str(study.ReferencedSOPInstanceUID) for study in studies),
        series_uids=frozenset(str(s.SeriesInstanceUID) for s in series),
        sop_uids=frozenset(_contour_images([*series, *contours])),
        regions=tuple(
            Region(f"{uid}.{roi.ROINumber}", str(roi.get("ROIName") or ""))
            for roi in dataset.StructureSetROISequence
        ),
    )


def _contour_images(holders: Iterable[Dataset]) -> Iterator[str]:
    for holder in holders:
        for image in _items(holder, "ContourImageSequence"):
            yield str(image.ReferencedSOPInstanceUID)


def _items(dataset: Dataset, keyword: str) -> list[Dataset]:
    return list(dataset.get(keyword) or ())
