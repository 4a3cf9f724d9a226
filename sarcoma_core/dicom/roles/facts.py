"""What is known of a series for telling its role.

Free text, dates and UIDs stand here and are compared; none of them is ever told.
"""

from dataclasses import dataclass
from typing import Literal

Plane = Literal["axial", "coronal", "sagittal"]
PLANES: tuple[Plane, ...] = ("sagittal", "coronal", "axial")
"""By the patient's axis that goes through them: left, back, head."""

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class SeriesGrid:
    """Where the voxels of a series lie, LPS, mm.

    Args:
        orientation: ImageOrientationPatient.
        origin: ImagePositionPatient of the first slice along the normal.
        spacing: from column to column, from row to row, from slice to slice.
        shape: columns, rows, slices.
    """

    orientation: tuple[float, ...]
    origin: Triple
    spacing: Triple
    shape: tuple[int, int, int]

    @property
    def normal(self) -> Triple:
        """The direction across the slices."""
        a, b, c, d, e, f = self.orientation
        return (b * f - c * e, c * d - a * f, a * e - b * d)

    @property
    def plane(self) -> Plane:
        """The plane of the patient that is nearest to its slices."""
        sizes = [abs(part) for part in self.normal]
        return PLANES[sizes.index(max(sizes))]

    @property
    def coverage(self) -> float:
        """How much the slices cover along their normal, mm."""
        return self.spacing[2] * self.shape[2]

    @property
    def voxel(self) -> float:
        """Volume of a voxel, mm3."""
        x, y, z = self.spacing
        return x * y * z


@dataclass(frozen=True)
class SeriesFacts:
    """The facts of one series; what is absent, or cannot be read, is None or empty.

    Args:
        series: its name in the session, a scan id or "scan part".
        modality: DICOM Modality.
        not_a_volume: why objects of its SOP class are no volume; empty for those that may be one.
        map: what kind of map its ImageType says it is.
        dixon: which image of a Dixon its ImageType says it is: water, fat, in-phase or opposed-phase.
        image_type: ImageType, all values of all images, upper case.
        description: SeriesDescription.
        protocol: ProtocolName; asked where the description says nothing.
        sequence_name: SequenceName, or PulseSequenceName of an enhanced object.
        manufacturer: Manufacturer.
        series_number: SeriesNumber.
        repetition_time: RepetitionTime, ms.
        echo_time: EchoTime, or EffectiveEchoTime, ms.
        inversion_time: InversionTime, ms; None for 0.
        flip_angle: FlipAngle, degrees.
        scanning_sequence: ScanningSequence, or what stands for it in an enhanced object.
        sequence_variant: SequenceVariant.
        scan_options: ScanOptions.
        acquisition_contrast: AcquisitionContrast of an enhanced object.
        suppression: SpectrallySelectedSuppression.
        agent: whether a contrast agent is recorded; None where nothing is said of one.
        b_value: the largest DiffusionBValue, s/mm2.
        corrected: CorrectedImage of PET.
        kernel: ConvolutionKernel of CT.
        study: StudyInstanceUID.
        study_date: StudyDate.
        series_date: SeriesDate.
        frame_of_reference: FrameOfReferenceUID.
        grid: where its voxels lie; None where that is not known.
        orientations: how many orientations its images have.
        images: image planes in it; None where that is not known.
        part: which part of its scan it is.
        usable: whether it is a converted volume that the chain can go on with.
    """

    series: str = ""
    modality: str = ""
    not_a_volume: str = ""
    map: str = ""
    dixon: str = ""
    image_type: frozenset[str] = frozenset()
    description: str = ""
    protocol: str = ""
    sequence_name: str = ""
    manufacturer: str = ""
    series_number: int | None = None
    repetition_time: float | None = None
    echo_time: float | None = None
    inversion_time: float | None = None
    flip_angle: float | None = None
    scanning_sequence: frozenset[str] = frozenset()
    sequence_variant: frozenset[str] = frozenset()
    scan_options: frozenset[str] = frozenset()
    acquisition_contrast: str = ""
    suppression: str = ""
    agent: bool | None = None
    b_value: float | None = None
    corrected: frozenset[str] = frozenset()
    kernel: str = ""
    study: str = ""
    study_date: str = ""
    series_date: str = ""
    frame_of_reference: str = ""
    grid: SeriesGrid | None = None
    orientations: int = 1
    images: int | None = None
    part: str = ""
    usable: bool = True

    @property
    def scan(self) -> str:
        """The scan that it is, or is a part of."""
        return self.series.partition(" ")[0]
