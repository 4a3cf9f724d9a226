"""DICOM segmentations: read, put on the grid of an image, written."""

from sarcoma_core.dicom.seg.concepts import MEANINGS, SegmentMeaning, meaning_of
from sarcoma_core.dicom.seg.reading import SegDrawing, read_seg
from sarcoma_core.dicom.seg.segments import SegmentToWrite
from sarcoma_core.dicom.seg.writing import SegIdentity, write_seg

__all__ = [
    "MEANINGS",
    "SegDrawing",
    "SegIdentity",
    "SegmentMeaning",
    "SegmentToWrite",
    "meaning_of",
    "read_seg",
    "write_seg",
]
