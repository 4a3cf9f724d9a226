"""What people and programs draw on images, whatever the object that holds it: DICOM SEG or RTSTRUCT.

A drawing has regions, each with a number and a name; each can be put on the grid of a volume. Names and
readers are told as they were written: they stand in masks.json, never in an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, cast, get_args

from sarcoma_core.archive.masks import Algorithm
from sarcoma_core.imaging.volume import Mask, Volume

DrawingKind = Literal["SEG", "RTSTRUCT", "NIFTI"]
Placement = Literal["as drawn", "resampled"]
"""`as drawn`: voxels or contours on the grid itself; `resampled`: from another grid, linear, half or more."""


@dataclass(frozen=True, slots=True)
class CodedConcept:
    """A code of the standard: value, CodingSchemeDesignator and meaning, such as 4147007, SCT, Mass."""

    value: str
    scheme: str
    meaning: str


def algorithm_told(text: str) -> Algorithm:
    """Who drew a region, as an object says it; empty where it does not, or in no word of the standard."""
    return cast("Algorithm", text) if text in get_args(Algorithm) else ""


@dataclass(frozen=True, slots=True)
class DrawnRegion:
    """One region of a drawing.

    Args:
        number: SegmentNumber or ROINumber.
        name: SegmentLabel or ROIName, as written.
        concept: what it is, of SegmentedPropertyTypeCodeSequence or RTROIIdentificationCodeSequence.
        algorithm: SegmentAlgorithmType or ROIGenerationAlgorithm.
        algorithm_name: SegmentAlgorithmName, or empty.
        description: SegmentDescription or ROIDescription, as written.
    """

    number: int
    name: str
    concept: CodedConcept | None = None
    algorithm: Algorithm = ""
    algorithm_name: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class DrawingSource:
    """What an object says of itself; texts are as written, and may be empty.

    Args:
        kind: of the object.
        uid: SOPInstanceUID; another one for every version that was saved.
        label: ContentLabel or SeriesDescription of a SEG, StructureSetLabel of an RTSTRUCT.
        study_uids: StudyInstanceUIDs that it says it was drawn on.
        series_uids: SeriesInstanceUIDs that it says it was drawn on.
        sop_uids: SOPInstanceUIDs that it says it was drawn on.
        frames: FrameOfReferenceUIDs.
        reader: who drew it: ContentCreatorName, ReviewerName or OperatorsName.
        software: Manufacturer, model and versions, in one line.
        time: when it was saved, ISO 8601 without a zone.
    """

    kind: DrawingKind
    uid: str
    label: str = ""
    study_uids: frozenset[str] = frozenset()
    series_uids: frozenset[str] = frozenset()
    sop_uids: frozenset[str] = frozenset()
    frames: frozenset[str] = frozenset()
    reader: str = ""
    software: str = ""
    time: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class PlacedMask:
    """A region on the grid of a volume.

    Args:
        mask: shape (x, y, z) of the volume's array; without a voxel only where a person says so.
        placement: how it came there.
        notes: what a reader has to know, in sentences without a full stop; without a name.
        facts: what was counted, JSON-able: `contours`, `frames`, `open_contours`, `duplicate_contours` ...
    """

    mask: Mask
    placement: Placement
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


class Drawing(Protocol):
    """An object with regions."""

    @property
    def source(self) -> DrawingSource:
        """What it says of itself."""

    @property
    def regions(self) -> tuple[DrawnRegion, ...]:
        """Its regions, in the order of their numbers; two may share a name."""

    def on(self, number: int, grid: Volume) -> PlacedMask:
        """One region on the grid of a volume, of which only shape and affine matter.

        Raises:
            SeriesRefused: it is empty, lies outside the volume, or lies across its slices; the others may do.
        """

    def fits(self, grid: Volume) -> bool:
        """Whether it was drawn on this grid, by geometry alone: slices that coincide, within its sides."""
