"""The frames of a segmentation: of which segment each is, and where it lies."""

from collections.abc import Collection
from typing import NamedTuple, cast

import numpy as np
from pydicom.dataset import Dataset

from sarcoma_core.archive.values import read_items, read_number, read_numbers, read_text, read_whole
from sarcoma_core.dicom.geometry import is_orientation
from sarcoma_core.dicom.planes import PER_FRAME, SHARED
from sarcoma_core.errors import DicomError
from sarcoma_core.imaging.slice_views import ImagePlane


class SegFrame(NamedTuple):
    """One frame.

    Args:
        frame: which frame of the pixel data, from 0.
        segment: SegmentNumber; None of a label map, where a frame shows all segments.
        plane: where it lies; None where it has no position in the patient.
        spacing: SpacingBetweenSlices, mm; None where it is absent, or no positive number.
        thickness: SliceThickness, mm; likewise.
    """

    frame: int
    segment: int | None
    plane: ImagePlane | None
    spacing: float | None
    thickness: float | None


def read_frames(
    dataset: Dataset, count: int, size: tuple[int, int], *, numbers: Collection[int] | None
) -> tuple[SegFrame, ...]:
    """The frames, in the order in which they are stored.

    Args:
        dataset: the segmentation.
        count: NumberOfFrames.
        size: rows and columns of each frame.
        numbers: the numbers that a frame may refer to; None for a label map.

    Returns:
        One for each frame; none of a slide that is tiled in full (PS3.3, C.7.6.17.3).

    Raises:
        DicomError: a frame is not described, or is of a segment that is not.
    """
    items = read_items(dataset, PER_FRAME)
    if not items and read_text(dataset, "DimensionOrganizationType") == "TILED_FULL":
        return ()
    if len(items) != count:
        raise DicomError(
            f"{PER_FRAME}: must have an item for each of NumberOfFrames, {count}; found {len(items)}."
        )
    shared = next(iter(read_items(dataset, SHARED)), Dataset())
    return tuple(_frame(index, item, shared, size, numbers) for index, item in enumerate(items))


def _frame(
    index: int, own: Dataset, shared: Dataset, size: tuple[int, int], numbers: Collection[int] | None
) -> SegFrame:
    def group(keyword: str) -> Dataset:
        """A functional group: the frame's own, else the one that all frames share (PS3.3, C.7.6.16)."""
        return next(iter(read_items(own if keyword in own else shared, keyword)), Dataset())

    measures = group("PixelMeasuresSequence")
    return SegFrame(
        frame=index,
        segment=None if numbers is None else _segment(group("SegmentIdentificationSequence"), index, numbers),
        plane=_plane(group("PlanePositionSequence"), group("PlaneOrientationSequence"), measures, size),
        spacing=_positive(measures, "SpacingBetweenSlices"),
        thickness=_positive(measures, "SliceThickness"),
    )


def _segment(identification: Dataset, index: int, numbers: Collection[int]) -> int:
    number = read_whole(identification, "ReferencedSegmentNumber")
    if number is None or number not in numbers:
        found = "none" if number is None else f"{number}"
        raise DicomError(
            f"ReferencedSegmentNumber: must be one of SegmentSequence; found {found} in frame {index + 1}."
        )
    return number


def _plane(
    position: Dataset, orientation: Dataset, measures: Dataset, size: tuple[int, int]
) -> ImagePlane | None:
    first = read_numbers(position, "ImagePositionPatient", 3)
    cosines = read_numbers(orientation, "ImageOrientationPatient", 6)
    spacing = read_numbers(measures, "PixelSpacing", 2)
    if first is None or cosines is None or spacing is None:
        return None
    if not is_orientation(np.array(cosines)) or min(spacing) <= 0:
        return None
    return ImagePlane(
        position=cast("tuple[float, float, float]", first),
        orientation=cast("tuple[float, float, float, float, float, float]", cosines),
        spacing=cast("tuple[float, float]", spacing),
        rows=size[0],
        columns=size[1],
    )


def _positive(dataset: Dataset, keyword: str) -> float | None:
    value = read_number(dataset, keyword)
    return value if value is not None and value > 0 else None
