"""Write masks as a DICOM segmentation on the images that they were drawn on, by highdicom."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import generate_uid

from sarcoma_core import __version__
from sarcoma_core.archive.fence import fence
from sarcoma_core.dicom.coding import highdicom_code
from sarcoma_core.dicom.drawn_on import SourcePlane, on_slices, read_sources
from sarcoma_core.dicom.equipment import MAKER
from sarcoma_core.dicom.finishing import finished
from sarcoma_core.dicom.seg.harmonising import harmonise
from sarcoma_core.dicom.seg.pixels import SegKind
from sarcoma_core.dicom.seg.segments import SegmentToWrite, require_segments
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.slice_views import VolumeSlice
from sarcoma_core.imaging.volume import Volume

MOST_FRACTION = 255
"""MaximumFractionalValue that is written: a fraction is kept to 1/510."""


@dataclass(frozen=True, slots=True)
class SegIdentity:
    """What tells one segmentation from another; equal ones give equal bytes.

    Args:
        series_uid: SeriesInstanceUID.
        sop_uid: SOPInstanceUID.
        series_number: SeriesNumber.
        time: when it was made.
        description: SeriesDescription, or empty.
        label: ContentLabel (VR CS).
        creator: ContentCreatorName, or empty.
    """

    series_uid: str = field(default_factory=generate_uid)
    sop_uid: str = field(default_factory=generate_uid)
    series_number: int = 1000
    time: datetime = field(default_factory=lambda: datetime.now().astimezone())
    description: str = ""
    label: str = "SEGMENTATION"
    creator: str = ""


def write_seg(
    segments: Sequence[SegmentToWrite],
    sources: Sequence[Path],
    grid: Volume,
    *,
    kind: SegKind = "BINARY",
    identity: SegIdentity | None = None,
) -> bytes:
    """Write masks as the bytes of a DICOM file.

    Patient, study and frame of reference are the source's, as they are there; frames without a segment are
    not stored. Of several images at one slice the first is referred to.

    Args:
        segments: at least one; those of a label map must not overlap.
        sources: the DICOM files of the image series: classic images, or one multi-frame image.
        grid: the volume that was made of the series, of which only shape and affine matter.
        kind: SegmentationType. Fractions are PROBABILITY.
        identity: UIDs and time; new ones by default.

    Raises:
        InputError: a mask is of another shape, empty or no mask, numbers are not in a row, or the series is
            not the one of the grid.
        DicomError: a source is not DICOM, or damaged.
        OSError: a source cannot be read.

    Source: PS3.3, A.51 and C.8.20.
    """
    require_segments(segments, grid.array.shape, kind)
    planes = on_slices(read_sources(sources), grid)
    views = [view for _, view in planes]
    _require_covered(segments, views)
    pixels = _pixels(segments, views, kind)
    gap = grid.spacing[views[0].axis]
    with fence(InputError, "the segmentation to write"):
        images, told = [source for source, _ in planes], identity or SegIdentity()
        return _written(segments, images, pixels, gap=gap, kind=kind, identity=told)


def _require_covered(segments: Sequence[SegmentToWrite], views: Sequence[VolumeSlice]) -> None:
    if len({view.axis for view in views}) > 1:
        raise InputError("sources: must be images of one orientation; found several.")
    across = tuple(axis for axis in range(3) if axis != views[0].axis)
    indices = [view.index for view in views]
    for segment in segments:
        drawn = np.flatnonzero(segment.mask.any(axis=across))
        lacking = np.setdiff1d(drawn, indices).size
        if lacking:
            raise InputError(
                f"sources: must have an image for each slice of segment {segment.number}; {lacking} lack one."
            )


def _pixels(segments: Sequence[SegmentToWrite], views: Sequence[VolumeSlice], kind: SegKind) -> NDArray[Any]:
    """The masks as the images show them: frames x rows x columns (x segments, unless it is a label map)."""
    shape = (len(views), views[0].rows, views[0].columns)
    if kind == "LABELMAP":
        labels = np.zeros(shape, np.uint8 if segments[-1].number < 2**8 else np.uint16)
        for segment in segments:
            for frame, view in zip(labels, views, strict=True):
                inside = view.of(segment.mask)
                if frame[inside].any():
                    raise InputError("segments: must not overlap in a LABELMAP; found two that do.")
                frame[inside] = segment.number
        return labels
    values = np.empty((*shape, len(segments)), np.float32 if kind == "FRACTIONAL" else np.uint8)
    for index, segment in enumerate(segments):
        for frame, view in zip(values, views, strict=True):
            frame[:, :, index] = view.of(segment.mask)
    return values


def _written(
    segments: Sequence[SegmentToWrite],
    sources: Sequence[SourcePlane],
    pixels: NDArray[Any],
    *,
    gap: float,
    kind: SegKind,
    identity: SegIdentity,
) -> bytes:
    import highdicom as hd  # noqa: PLC0415  it takes a second to load, and readers do without

    copies = harmonise(sources, gap)
    positions = [hd.PlanePositionSequence("PATIENT", source.plane.position) for source in sources]
    seg = hd.seg.Segmentation(
        source_images=copies,
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=[_description(segment) for segment in segments],
        series_instance_uid=identity.series_uid,
        series_number=identity.series_number,
        sop_instance_uid=identity.sop_uid,
        instance_number=1,
        manufacturer=MAKER,
        manufacturer_model_name=MAKER,
        software_versions=__version__,
        device_serial_number="0",
        max_fractional_value=MOST_FRACTION,
        plane_positions=positions if len(copies) < len(sources) else None,
        content_label=identity.label,
        series_description=identity.description or None,
        content_date=identity.time.date(),
        content_time=identity.time.time(),
    )
    texts = (identity.description, *(segment.label for segment in segments))
    return finished(seg, sources[0].dataset, texts=texts, creator=identity.creator)


def _description(segment: SegmentToWrite) -> Any:  # noqa: ANN401  highdicom has no types that mypy reads
    import highdicom as hd  # noqa: PLC0415  as above

    algorithm = None
    if segment.algorithm_type != "MANUAL":
        algorithm = hd.AlgorithmIdentificationSequence(
            name=segment.algorithm_name,
            family=highdicom_code(segment.algorithm_family),
            version=segment.algorithm_version or "unknown",
        )
    described = hd.seg.SegmentDescription(
        segment_number=segment.number,
        segment_label=segment.label,
        segmented_property_category=highdicom_code(segment.category),
        segmented_property_type=highdicom_code(segment.type),
        algorithm_type=segment.algorithm_type,
        algorithm_identification=algorithm,
        tracking_uid=segment.tracking_uid or None,
        tracking_id=segment.label if segment.tracking_uid else None,
        display_color=hd.color.CIELabColor.from_rgb(*segment.colour) if segment.colour else None,
    )
    if segment.description:
        described.SegmentDescription = segment.description
    return described
