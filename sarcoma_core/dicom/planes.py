"""The image planes in a file: one in a classic image, many in a mosaic or a multi-frame object."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeVar

from pydicom.dataset import Dataset

from sarcoma_core.archive.values import (
    Numbers,
    is_there,
    read_items,
    read_number,
    read_numbers,
    read_text,
    read_trait,
    read_whole,
)
from sarcoma_core.dicom.mosaic import Mosaic

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


PER_FRAME, SHARED = "PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"
REAL_WORLD = "RealWorldValueMappingSequence"


@dataclass(frozen=True)
class Plane:
    """One image plane. What is absent, or there in a form that cannot be read, is None or empty.

    Args:
        frame: which frame or mosaic tile of its file, from 0.
        rows: Rows of the plane (of a tile, in a mosaic).
        columns: Columns of the plane.
        position: ImagePositionPatient, mm.
        orientation: ImageOrientationPatient.
        pixel_spacing: PixelSpacing: mm from row to row, then from column to column.
        thickness: SliceThickness, mm.
        spacing: SpacingBetweenSlices, mm.
        slope: RescaleSlope.
        intercept: RescaleIntercept.
        rescale_type: RescaleType: the unit of rescaled values, such as HU.
        has_lut: whether it has a ModalityLUTSequence, which takes the place of slope and intercept.
        real_world: whether it has a RealWorldValueMappingSequence.
        stack: StackID.
        traits: one value for each of `TRAITS`.
        broken: keywords of what is there, and cannot be read.
    """

    frame: int
    rows: int
    columns: int
    position: Numbers | None
    orientation: Numbers | None
    pixel_spacing: Numbers | None
    thickness: float | None
    spacing: float | None
    slope: float | None
    intercept: float | None
    rescale_type: str
    has_lut: bool
    real_world: bool
    stack: str
    traits: tuple[Hashable, ...]
    broken: tuple[str, ...] = ()

    @property
    def rescaling(self) -> tuple[float, float]:
        """Slope and intercept as readers apply them: 1 and 0 where they are absent (PS3.3, C.11.1)."""
        return (1.0 if self.slope is None else self.slope, 0.0 if self.intercept is None else self.intercept)


def read_planes(dataset: Dataset, mosaic: Mosaic | None) -> tuple[Plane, ...]:
    """The planes of one file, in its order.

    Args:
        dataset: the header.
        mosaic: its tiling, for a Siemens mosaic.
    """
    frames = read_items(dataset, PER_FRAME)
    if frames:
        shared = _first(dataset, SHARED)
        return tuple(_frame(dataset, shared, own, index) for index, own in enumerate(frames))
    whole = _classic(dataset)
    if mosaic is None:
        return (whole,)
    tile = replace(whole, rows=mosaic.rows, columns=mosaic.columns)
    return tuple(replace(tile, frame=i, position=mosaic.positions[i]) for i in range(mosaic.tiles))


def _classic(dataset: Dataset) -> Plane:
    return _plane((dataset,), 0, lambda _: dataset, lambda keyword: (dataset, keyword), stack="")


def _frame(dataset: Dataset, shared: Dataset, own: Dataset, index: int) -> Plane:
    @cache
    def group(keyword: str) -> Dataset:
        """A functional group: the frame's own, else the one that all frames share (PS3.3, C.7.6.16)."""
        return _first(own if keyword in own else shared, keyword)

    def trait(keyword: str) -> tuple[Dataset, str]:
        sequence, name = _IN_FRAMES.get(keyword, ("", ""))
        return (group(sequence), name) if sequence and name in group(sequence) else (dataset, keyword)

    stack = read_text(group("FrameContentSequence"), "StackID")
    return _plane((dataset, shared, own), index, group, trait, stack=stack)


def _plane(
    holders: tuple[Dataset, ...],
    frame: int,
    group: Callable[[str], Dataset],
    trait: Callable[[str], tuple[Dataset, str]],
    *,
    stack: str,
) -> Plane:
    """A plane, with what is broken in it.

    Args:
        holders: the header, and the groups of all frames and of this one.
        frame: which frame it is.
        group: by its name, what holds the attributes of a functional group; a classic image is one group.
        trait: by its keyword, where a trait stands.
        stack: StackID.
    """
    dataset = holders[0]
    broken: list[str] = []

    def read(holder: Dataset, keyword: str, how: Callable[[Dataset, str], T]) -> T:
        value = how(holder, keyword)
        if value in (None, "") and is_there(holder, keyword):
            broken.append(keyword)
        return value

    measures, values = group("PixelMeasuresSequence"), group("PixelValueTransformationSequence")
    if "RescaleSlope" not in values:
        values = dataset  # where no enhanced object should have it, and where readers take it from
    return Plane(
        frame=frame,
        rows=read(dataset, "Rows", read_whole) or 0,
        columns=read(dataset, "Columns", read_whole) or 0,
        position=read(group("PlanePositionSequence"), "ImagePositionPatient", _three),
        orientation=read(group("PlaneOrientationSequence"), "ImageOrientationPatient", _six),
        pixel_spacing=read(measures, "PixelSpacing", _two),
        thickness=read(measures, "SliceThickness", read_number),
        spacing=read(measures, "SpacingBetweenSlices", read_number),
        slope=read(values, "RescaleSlope", read_number),
        intercept=read(values, "RescaleIntercept", read_number),
        rescale_type=read(values, "RescaleType", read_text),
        has_lut=any("ModalityLUTSequence" in holder for holder in (dataset, values)),
        real_world=any(read_items(holder, REAL_WORLD) for holder in holders),
        stack=stack,
        traits=tuple(read(*trait(keyword), read_trait) for keyword in TRAITS),
        broken=tuple(broken),
    )


def _two(dataset: Dataset, keyword: str) -> Numbers | None:
    return read_numbers(dataset, keyword, 2)


def _three(dataset: Dataset, keyword: str) -> Numbers | None:
    return read_numbers(dataset, keyword, 3)


def _six(dataset: Dataset, keyword: str) -> Numbers | None:
    return read_numbers(dataset, keyword, 6)


def _first(dataset: Dataset, keyword: str) -> Dataset:
    """The first item of a sequence; an empty one where there is none."""
    return next(iter(read_items(dataset, keyword)), Dataset())
