"""What conversion needs to know of a DICOM file, read once: the file's facts and its planes, mosaics untiled.

Reading is tolerant: a value that is absent, empty or broken becomes None, and `checks` decides whether that
matters. Nothing here names or dates a patient.
"""

import math
import warnings
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID

from sarcoma_core.archive.instance import read_instance
from sarcoma_core.dicom.mosaic import Mosaic, read_mosaic

Numbers = tuple[float, ...]
T = TypeVar("T")

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

_ENHANCED = {
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
"""Where multi-frame objects keep the same traits (PS3.3, C.8.13.5, C.8.22.5 and C.7.6.16)."""


@dataclass(frozen=True)
class Plane:
    """One image plane, in one file.

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
    stack: str
    traits: tuple[Hashable, ...]


@dataclass(frozen=True)
class Header:
    """The facts of one file; keywords are DICOM's.

    Args:
        path: the file.
        declared_slices: how many slices the file says that its series has, by keyword.
        mosaic: how a Siemens mosaic is tiled; None for all other files.
        planes: what it holds.
    """

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    modality: str
    manufacturer: str
    instance_number: int | None
    image_type: tuple[str, ...]
    samples_per_pixel: int
    photometric_interpretation: str
    transfer_syntax: UID
    lossy: bool
    units: str
    suv_type: str
    decay_correction: str
    number_of_frames: int
    concatenation_total: int | None
    declared_slices: tuple[tuple[str, int], ...]
    mosaic: Mosaic | None
    planes: tuple[Plane, ...]


def read_header(path: Path) -> Header:
    """Read one file.

    Raises:
        DicomError: not DICOM, cut short, or without the UIDs that place it.
        OSError: the file cannot be read.
    """
    with warnings.catch_warnings():
        # pydicom warns about values that break a rule; here such a value is None and is judged later.
        warnings.simplefilter("ignore")
        read_instance(path)
        return _header(path, pydicom.dcmread(path, stop_before_pixels=True))


def _header(path: Path, dataset: Dataset) -> Header:
    mosaic = read_mosaic(dataset)
    return Header(
        path=path,
        sop_class_uid=_text(dataset, "SOPClassUID") or str(dataset.file_meta.MediaStorageSOPClassUID),
        sop_instance_uid=_text(dataset, "SOPInstanceUID"),
        series_instance_uid=_text(dataset, "SeriesInstanceUID"),
        modality=_text(dataset, "Modality"),
        manufacturer=_text(dataset, "Manufacturer"),
        instance_number=_whole(dataset, "InstanceNumber"),
        image_type=_texts(dataset, "ImageType"),
        samples_per_pixel=_whole(dataset, "SamplesPerPixel") or 1,
        photometric_interpretation=_text(dataset, "PhotometricInterpretation"),
        transfer_syntax=UID(str(dataset.file_meta.get("TransferSyntaxUID") or "")),
        lossy=_text(dataset, "LossyImageCompression") == "01",
        units=_text(dataset, "Units"),
        suv_type=_text(dataset, "SUVType"),
        decay_correction=_text(dataset, "DecayCorrection"),
        number_of_frames=_frames(dataset),
        concatenation_total=_whole(dataset, "InConcatenationTotalNumber"),
        declared_slices=_declared_slices(dataset),
        mosaic=mosaic,
        planes=_planes(dataset, mosaic),
    )


def _planes(dataset: Dataset, mosaic: Mosaic | None) -> tuple[Plane, ...]:
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence")
    if per_frame:
        shared = next(iter(dataset.get("SharedFunctionalGroupsSequence") or ()), Dataset())
        return tuple(_enhanced_plane(dataset, shared, own, i) for i, own in enumerate(per_frame))
    whole = _classic_plane(dataset)
    if mosaic is None:
        return (whole,)
    return tuple(
        Plane(
            **{
                **vars(whole),
                "frame": tile,
                "rows": mosaic.rows,
                "columns": mosaic.columns,
                "position": mosaic.positions[tile],
            }
        )
        for tile in range(mosaic.tiles)
    )


def _classic_plane(dataset: Dataset) -> Plane:
    return Plane(
        frame=0,
        rows=_whole(dataset, "Rows") or 0,
        columns=_whole(dataset, "Columns") or 0,
        position=_numbers(dataset, "ImagePositionPatient", 3),
        orientation=_numbers(dataset, "ImageOrientationPatient", 6),
        pixel_spacing=_numbers(dataset, "PixelSpacing", 2),
        thickness=_number(dataset, "SliceThickness"),
        spacing=_number(dataset, "SpacingBetweenSlices"),
        slope=_or(_number(dataset, "RescaleSlope"), 1.0),
        intercept=_or(_number(dataset, "RescaleIntercept"), 0.0),
        stack="",
        traits=tuple(_trait(dataset, keyword) for keyword in TRAITS),
    )


def _enhanced_plane(dataset: Dataset, shared: Dataset, own: Dataset, frame: int) -> Plane:
    def group(keyword: str) -> Dataset:
        """A functional group: the frame's own, else the one that all frames share (PS3.3, C.7.6.16)."""
        items = own.get(keyword) or shared.get(keyword) or ()
        return next(iter(items), Dataset())

    def trait(keyword: str) -> Hashable:
        sequence, name = _ENHANCED.get(keyword, ("", ""))
        value = _trait(group(sequence), name) if sequence else None
        return value if value is not None else _trait(dataset, keyword)

    measures = group("PixelMeasuresSequence")
    rescale = group("PixelValueTransformationSequence")
    return Plane(
        frame=frame,
        rows=_whole(dataset, "Rows") or 0,
        columns=_whole(dataset, "Columns") or 0,
        position=_numbers(group("PlanePositionSequence"), "ImagePositionPatient", 3),
        orientation=_numbers(group("PlaneOrientationSequence"), "ImageOrientationPatient", 6),
        pixel_spacing=_numbers(measures, "PixelSpacing", 2),
        thickness=_number(measures, "SliceThickness"),
        spacing=_number(measures, "SpacingBetweenSlices"),
        slope=_or(_number(rescale, "RescaleSlope"), 1.0),
        intercept=_or(_number(rescale, "RescaleIntercept"), 0.0),
        stack=_text(group("FrameContentSequence"), "StackID"),
        traits=tuple(trait(keyword) for keyword in TRAITS),
    )


def _declared_slices(dataset: Dataset) -> tuple[tuple[str, int], ...]:
    """How many slices the header says there are: PET's NumberOfSlices, and what the others offer instead."""
    found = [(k, _whole(dataset, k)) for k in ("NumberOfSlices", "ImagesInAcquisition")]
    for keyword, group, creator, element in (
        ("LocationsInAcquisition (GE)", 0x0021, "GEMS_RELA_01", 0x4F),
        ("NumberOfSlicesMR (Philips)", 0x2001, "Philips Imaging DD 001", 0x18),
    ):
        try:
            value = dataset.private_block(group, creator)[element].value
        except KeyError:
            continue
        found.append((keyword, _try(lambda value=value: int(value))))
    return tuple((keyword, count) for keyword, count in found if count)


def _frames(dataset: Dataset) -> int:
    stated = _whole(dataset, "NumberOfFrames")
    return 1 if stated is None else stated


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _try(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except (ValueError, TypeError, AttributeError, OverflowError, KeyError):
        return None


def _text(dataset: Dataset, keyword: str) -> str:
    return str(_try(lambda: dataset.get(keyword)) or "").strip()


def _texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    value = _try(lambda: dataset.get(keyword))
    if value is None or isinstance(value, str):
        return (value,) if value else ()
    return tuple(str(v) for v in value)


def _number(dataset: Dataset, keyword: str) -> float | None:
    value = _try(lambda: float(dataset.get(keyword)))
    return value if value is not None and math.isfinite(value) else None


def _whole(dataset: Dataset, keyword: str) -> int | None:
    value = _number(dataset, keyword)
    return None if value is None else int(value)


def _numbers(dataset: Dataset, keyword: str, count: int) -> Numbers | None:
    values = _try(lambda: tuple(float(v) for v in dataset.get(keyword)))
    if values is None or len(values) != count or not all(map(math.isfinite, values)):
        return None
    return values


def _trait(dataset: Dataset, keyword: str) -> Hashable:
    """A value that can be compared: a number, a text or a tuple of them; None when absent or broken."""
    value = _try(lambda: dataset.get(keyword))
    if value is None or value == "":
        return None
    if isinstance(value, Iterable) and not isinstance(value, str):
        return tuple(str(v) for v in value)
    number = _try(lambda: float(value))
    return str(value) if number is None else number
