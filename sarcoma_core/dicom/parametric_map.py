"""Write a map of values as a DICOM Parametric Map on the images that it lies on, by highdicom.

It has a frame for each image of the series, in their order along the normal, of as many rows and columns:
OHIF 3.12 lays frame after frame on the images of a series, and does not ask where each lies.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import generate_uid

from sarcoma_core import __version__
from sarcoma_core.archive.fence import fence
from sarcoma_core.dicom.coding import highdicom_code
from sarcoma_core.dicom.drawings import CodedConcept
from sarcoma_core.dicom.drawn_on import SourcePlane, on_slices, read_sources
from sarcoma_core.dicom.equipment import MAKER
from sarcoma_core.dicom.finishing import day_of, finished
from sarcoma_core.dicom.geometry import slice_normal
from sarcoma_core.dicom.seg.harmonising import harmonise
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.slice_views import VolumeSlice
from sarcoma_core.imaging.volume import Volume

PARAMETRIC_MAP: Final = "1.2.840.10008.5.1.4.1.1.30"
"""SOPClassUID of Parametric Map Storage (PS3.4, B.5)."""
_SERIES_NUMBER = 1100
_NO_UNITS = CodedConcept("1", "UCUM", "no units")
_WINDOW = (0.5, 1.0)
"""Centre and width: 0 is black, 1 is white."""


@dataclass(frozen=True, slots=True)
class MappedQuantity:
    """What the values of a map are.

    Args:
        concept: of them (QuantityDefinitionSequence).
        label: ContentLabel and LUTLabel (VR CS and SH).
        description: SeriesDescription and LUTExplanation (VR LO).
        caution: ContentDescription (VR LO).
    """

    concept: CodedConcept
    label: str
    description: str
    caution: str


def write_parametric_map(values: Volume, sources: Sequence[Path], quantity: MappedQuantity) -> bytes:
    """Write a map as the bytes of a DICOM file, in single precision; equal maps give equal bytes.

    Patient, study and frame of reference are the source's, as they are there. Of several images at one slice
    the first is referred to.

    Args:
        values: 0 to 1, on the grid of the volume that was made of the series.
        sources: the DICOM files of the image series: classic images, or one multi-frame image.
        quantity: what the values are.

    Raises:
        InputError: a value is not from 0 to 1, a slice with values has no image, or the series is not the one
            of the grid.
        DicomError: a source is not DICOM, or damaged.
        OSError: a source cannot be read.

    Source: PS3.3, A.75 and C.8.32.
    """
    if not ((values.array >= 0) & (values.array <= 1)).all():  # NaN is neither
        raise InputError("values: must be from 0 to 1; some are not.")
    planes = on_slices(read_sources(sources), values)
    views = [view for _, view in planes]
    _require_whole(values, views)
    frames = np.stack([np.asarray(view.of(values.array), np.float32) for view in views])
    with fence(InputError, "the parametric map to write"):
        return _written(frames, [source for source, _ in planes], values.spacing[views[0].axis], quantity)


def _require_whole(values: Volume, views: Sequence[VolumeSlice]) -> None:
    if len({view.axis for view in views}) > 1:
        raise InputError("sources: must be images of one orientation; found several.")
    across = tuple(axis for axis in range(3) if axis != views[0].axis)
    held = np.flatnonzero(values.array.any(axis=across))
    lacking = np.setdiff1d(held, [view.index for view in views]).size
    if lacking:
        raise InputError(f"sources: must have an image for each slice of the map; {lacking} lack one.")


def _written(
    frames: NDArray[np.float32], sources: Sequence[SourcePlane], gap: float, quantity: MappedQuantity
) -> bytes:
    import highdicom as hd  # noqa: PLC0415  it takes a second to load, and readers do without

    copies, header = harmonise(sources, gap), sources[0].dataset
    series, instance = (_uid(what, frames, header.SeriesInstanceUID, quantity) for what in ("series", "map"))
    positions = [hd.PlanePositionSequence("PATIENT", source.plane.position) for source in sources]
    time = day_of(header)
    made = hd.pm.ParametricMap(
        source_images=copies,
        pixel_array=frames,
        series_instance_uid=series,
        series_number=_SERIES_NUMBER,
        sop_instance_uid=instance,
        instance_number=1,
        manufacturer=MAKER,
        manufacturer_model_name=MAKER,
        software_versions=__version__,
        device_serial_number="0",
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[_mapping(quantity)],
        voi_lut_transformations=[hd.VOILUTTransformation(*_WINDOW)],
        plane_positions=positions if len(copies) < len(sources) else None,
        content_description=quantity.caution,
        content_label=quantity.label,
        series_description=quantity.description,
        content_date=time.date(),
        content_time=time.time(),
    )
    made.ContentCreatorName = ""  # nobody, but it must be there (PS3.3, 10.9)
    _ascend(made, slice_normal(np.array(sources[0].plane.orientation)))
    return finished(made, header, texts=(quantity.description, quantity.caution))


def _ascend(made: Any, normal: NDArray[np.float64]) -> None:  # noqa: ANN401  highdicom has no types
    """Put the frames in the order of their places along the normal; highdicom puts them the other way."""
    groups = list(made.PerFrameFunctionalGroupsSequence)
    places = [np.array(one.PlanePositionSequence[0].ImagePositionPatient, float) @ normal for one in groups]
    order = np.argsort(places, kind="stable")
    stored = np.frombuffer(made.FloatPixelData, np.float32).reshape(len(groups), -1)
    made.FloatPixelData = stored[order].tobytes()
    made.PerFrameFunctionalGroupsSequence = [groups[index] for index in order]
    for number, group in enumerate(made.PerFrameFunctionalGroupsSequence, 1):
        group.FrameContentSequence[0].DimensionIndexValues = number


def _mapping(quantity: MappedQuantity) -> object:
    import highdicom as hd  # noqa: PLC0415  as above

    return hd.pm.RealWorldValueMapping(
        lut_label=quantity.label,
        lut_explanation=quantity.description,
        unit=highdicom_code(_NO_UNITS),
        value_range=(0.0, 1.0),
        slope=1.0,
        intercept=0.0,
        quantity_definition=highdicom_code(quantity.concept),
    )


def _uid(what: str, frames: NDArray[np.float32], series_uid: str, quantity: MappedQuantity) -> str:
    """Of equal maps on one series the same; another program version makes no other map."""
    digest = hashlib.sha256(np.ascontiguousarray(frames).tobytes()).hexdigest()
    told = (quantity.label, quantity.description, quantity.caution)
    return str(generate_uid(entropy_srcs=["sarcoma", "parametric map", what, series_uid, digest, *told]))
