"""The image planes in a file: one in a classic image, many in a mosaic or a multi-frame object."""

from collections.abc import Hashable
from dataclasses import dataclass, replace

from pydicom.dataset import Dataset

from sarcoma_core.dicom.mosaic import Mosaic
from sarcoma_core.dicom.values import Numbers, read_number, read_numbers, read_text, read_trait, read_whole

TRAITS = (
    "EchoTime",
    "ImageType",
    "ComplexImageComponent",
    "DiffusionBValue",
    "DiffusionGradientOrientation",
    "TemporalPositionIdentifier",
    "TriggerTime",
    "InversionTime",
    "FlipAngle",
    "FrameReferenceTime",
    "KVP",
    "SequenceName",
    "AcquisitionNumber",
)
"""What may tell two slices at one place apart (`dimensions`), the telling ones first."""

_IN_FRAMES = {
    "EchoTime": ("MREchoSequence", "EffectiveEchoTime"),
    "ImageType": ("MRImageFrameTypeSequence", "FrameType"),
    "ComplexImageComponent": ("MRImageFrameTypeSequence", "ComplexImageComponent"),
    "DiffusionBValue": ("MRDiffusionSequence", "DiffusionBValue"),
    "TemporalPositionIdentifier": ("FrameContentSequence", "TemporalPositionIndex"),
    "TriggerTime": ("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime"),
    "InversionTime": ("MRModifierSequence", "InversionTimes"),
    "FlipAngle": ("MRTimingAndRelatedParametersSequence", "FlipAngle"),
    "FrameReferenceTime": ("PETFrameAcquisitionSequence", "FrameReferenceTime"),
}
"""Where multi-frame objects keep the same traits (PS3.3, C.7.6.16, C.8.13.5 and C.8.22.5)."""


@dataclass(frozen=True)
class Plane:
    """One image plane.

    Args:
        frame: which frame or mosaic tile of its file, from 0.
        rows: Rows of the plane (of a tile, in a mosaic).
        columns: Columns of the plane.
        position: ImagePositionPatient, mm.
        orientation: ImageOrientationPatient.
        pixel_spacing: PixelSpacing: mm from row to row, then from column to column.
        thickness: SliceThickness, mm.
        spacing: SpacingBetweenSlices, mm.
        slope: RescaleSlope, 1 when absent.
        intercept: RescaleIntercept, 0 when absent.
        rescale_type: RescaleType: the unit of rescaled values, such as HU.
        stack: StackID.
        traits: one value for each of `TRAITS`.
    """

    frame: int
    rows: int
    columns: int
    position: Numbers | None
    orientation: Numbers | None
    pixel_spacing: Numbers | None
    thickness: float | None
    spacing: float | None
    slope: float
    intercept: float
    rescale_type: str
    stack: str
    traits: tuple[Hashable, ...]


def read_planes(dataset: Dataset, mosaic: Mosaic | None) -> tuple[Plane, ...]:
    """The planes of one file, in its order.

    Args:
        dataset: the header.
        mosaic: its tiling, for a Siemens mosaic.
    """
    frames = dataset.get("PerFrameFunctionalGroupsSequence")
    if frames:
        shared = next(iter(dataset.get("SharedFunctionalGroupsSequence") or ()), Dataset())
        return tuple(_frame(dataset, shared, own, index) for index, own in enumerate(frames))
    whole = _classic(dataset)
    if mosaic is None:
        return (whole,)
    tile = replace(whole, rows=mosaic.rows, columns=mosaic.columns)
    return tuple(replace(tile, frame=i, position=mosaic.positions[i]) for i in range(mosaic.tiles))


def _classic(dataset: Dataset) -> Plane:
    return Plane(
        frame=0,
        rows=read_whole(dataset, "Rows") or 0,
        columns=read_whole(dataset, "Columns") or 0,
        position=read_numbers(dataset, "ImagePositionPatient", 3),
        orientation=read_numbers(dataset, "ImageOrientationPatient", 6),
        pixel_spacing=read_numbers(dataset, "PixelSpacing", 2),
        thickness=read_number(dataset, "SliceThickness"),
        spacing=read_number(dataset, "SpacingBetweenSlices"),
        slope=_or(read_number(dataset, "RescaleSlope"), 1.0),
        intercept=_or(read_number(dataset, "RescaleIntercept"), 0.0),
        rescale_type=read_text(dataset, "RescaleType"),
        stack="",
        traits=tuple(read_trait(dataset, keyword) for keyword in TRAITS),
    )


def _frame(dataset: Dataset, shared: Dataset, own: Dataset, index: int) -> Plane:
    def group(keyword: str) -> Dataset:
        """A functional group: the frame's own, else the one that all frames share (PS3.3, C.7.6.16)."""
        return next(iter(own.get(keyword) or shared.get(keyword) or ()), Dataset())

    def trait(keyword: str) -> Hashable:
        sequence, name = _IN_FRAMES.get(keyword, ("", ""))
        value = read_trait(group(sequence), name) if sequence else None
        return read_trait(dataset, keyword) if value is None else value

    measures = group("PixelMeasuresSequence")
    rescale = group("PixelValueTransformationSequence")
    return Plane(
        frame=index,
        rows=read_whole(dataset, "Rows") or 0,
        columns=read_whole(dataset, "Columns") or 0,
        position=read_numbers(group("PlanePositionSequence"), "ImagePositionPatient", 3),
        orientation=read_numbers(group("PlaneOrientationSequence"), "ImageOrientationPatient", 6),
        pixel_spacing=read_numbers(measures, "PixelSpacing", 2),
        thickness=read_number(measures, "SliceThickness"),
        spacing=read_number(measures, "SpacingBetweenSlices"),
        slope=_or(read_number(rescale, "RescaleSlope"), 1.0),
        intercept=_or(read_number(rescale, "RescaleIntercept"), 0.0),
        rescale_type=read_text(rescale, "RescaleType"),
        stack=read_text(group("FrameContentSequence"), "StackID"),
        traits=tuple(trait(keyword) for keyword in TRAITS),
    )


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
