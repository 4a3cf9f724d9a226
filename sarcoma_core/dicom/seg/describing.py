"""What a segmentation says of itself: its segments, what it was drawn on, who drew it, when and with what."""

from collections.abc import Iterator

from pydicom.dataset import Dataset

from sarcoma_core.archive.values import read_items, read_text, read_whole
from sarcoma_core.dicom.drawings import CodedConcept, DrawingSource, DrawnRegion, algorithm_told
from sarcoma_core.dicom.equipment import read_software
from sarcoma_core.dicom.planes import PER_FRAME, SHARED
from sarcoma_core.errors import DicomError

_BACKGROUND = ("125040", "DCM")
"""Code of the property type Background (PS3.16, D), which no segment of interest has."""
_DATE, _CLOCK = 8, 6
"""Digits of YYYYMMDD and of HHMMSS."""


def read_regions(dataset: Dataset, *, of_label_map: bool) -> tuple[DrawnRegion, ...]:
    """The segments of SegmentSequence, in the order of their numbers (PS3.3, C.8.20.4).

    Args:
        dataset: the segmentation.
        of_label_map: whether it is one, of which number 0 and PixelPaddingValue are what is no segment.

    Returns:
        All segments but the background.

    Raises:
        DicomError: there is none, a number is none or out of range, or two are the same.
    """
    items = read_items(dataset, "SegmentSequence")
    if not items:
        raise DicomError("SegmentSequence: must describe each segment; found no item.")
    least, most = (0 if of_label_map else 1), 2**16 - 1
    padding = read_whole(dataset, "PixelPaddingValue") if of_label_map else None
    regions: dict[int, DrawnRegion] = {}
    seen: set[int] = set()
    for item in items:
        number = read_whole(item, "SegmentNumber")
        if number is None or not least <= number <= most:
            raise DicomError(
                f"SegmentNumber: must be a whole number of {least} to {most}; found another value."
            )
        if number in seen:
            raise DicomError("SegmentNumber: must be another one for each segment; found one twice.")
        seen.add(number)
        concept = _concept(item, "SegmentedPropertyTypeCodeSequence")
        is_background = concept is not None and (concept.value, concept.scheme) == _BACKGROUND
        if not (of_label_map and (is_background or number in (0, padding))):
            regions[number] = DrawnRegion(
                number,
                read_text(item, "SegmentLabel"),
                concept,
                algorithm_told(read_text(item, "SegmentAlgorithmType")),
                read_text(item, "SegmentAlgorithmName"),
                read_text(item, "SegmentDescription"),
            )
    return tuple(regions[number] for number in sorted(regions))


def read_source(dataset: Dataset) -> DrawingSource:
    """What the object says of itself; see `DrawingSource`.

    References are read as the OHIF plugin of XNAT reads them: the study is the object's own; series and
    instances stand in ReferencedSeriesSequence, instances also in the DerivationImageSequence of each frame.
    Those of other studies count as well (PS3.3, C.12.4).
    """
    studies = read_items(dataset, "StudiesContainingOtherReferencedInstancesSequence")
    holders = (dataset, *studies)
    series = [item for holder in holders for item in read_items(holder, "ReferencedSeriesSequence")]
    return DrawingSource(
        kind="SEG",
        uid=read_text(dataset, "SOPInstanceUID"),
        label=read_text(dataset, "ContentLabel") or read_text(dataset, "SeriesDescription"),
        study_uids=_texts(holders, "StudyInstanceUID"),
        series_uids=_texts(series, "SeriesInstanceUID"),
        sop_uids=_texts(_instances(dataset, series), "ReferencedSOPInstanceUID"),
        frames=_texts((dataset,), "FrameOfReferenceUID"),
        reader=read_text(dataset, "ContentCreatorName"),
        software=read_software(dataset),
        time=_time(dataset, "Content") or _time(dataset, "InstanceCreation"),
    )


def _instances(dataset: Dataset, series: list[Dataset]) -> Iterator[Dataset]:
    for one in series:
        yield from read_items(one, "ReferencedInstanceSequence")
    for keyword in (SHARED, PER_FRAME):
        for frame in read_items(dataset, keyword):
            for image in read_items(frame, "DerivationImageSequence"):
                yield from read_items(image, "SourceImageSequence")


def _texts(holders: tuple[Dataset, ...] | list[Dataset] | Iterator[Dataset], keyword: str) -> frozenset[str]:
    return frozenset(text for holder in holders if (text := read_text(holder, keyword)))


def _concept(item: Dataset, keyword: str) -> CodedConcept | None:
    """The first code of a sequence; its value may be a long one (PS3.3, 8.1)."""
    for code in read_items(item, keyword)[:1]:
        values = (read_text(code, name) for name in ("CodeValue", "LongCodeValue", "URNCodeValue"))
        value = next(filter(None, values), "")
        return CodedConcept(value, read_text(code, "CodingSchemeDesignator"), read_text(code, "CodeMeaning"))
    return None


def _time(dataset: Dataset, what: str) -> str:
    """Date and time as ISO 8601; empty where there is no date."""
    date, clock = (read_text(dataset, f"{what}{part}").split(".")[0] for part in ("Date", "Time"))
    if len(date) != _DATE or not date.isdecimal():
        return ""
    day = f"{date[:4]}-{date[4:6]}-{date[6:]}"
    if len(clock) != _CLOCK or not clock.isdecimal():
        return day
    return f"{day}T{clock[:2]}:{clock[2:4]}:{clock[4:]}"
