"""What conversion needs to know of a DICOM file, read once.

Reading is tolerant: a value that is absent, empty or broken becomes None, and `checks` decides whether that
matters. Nothing here names or dates a patient.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import UID

from sarcoma_core.archive.fence import fence
from sarcoma_core.archive.instance import open_instance
from sarcoma_core.archive.values import attempt, is_there, read_text, read_texts, read_whole, uid
from sarcoma_core.dicom.mosaic import Mosaic, read_mosaic
from sarcoma_core.dicom.planes import PER_FRAME, REAL_WORLD, Plane, read_planes
from sarcoma_core.errors import DicomError

MUST_BE_READ = (
    *("Modality", "ImageType", "FrameType", "ComplexImageComponent", "PhotometricInterpretation"),
    *("Rows", "Columns", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"),
    *("RescaleSlope", "RescaleIntercept", "RescaleType", "Units"),
)
"""What decides which voxels there are, where they lie and what they mean."""

_PRIVATE_COUNTS = {
    "LocationsInAcquisition (GE)": (0x0021, "GEMS_RELA_01", 0x4F),
    "NumberOfSlicesMR (Philips)": (0x2001, "Philips Imaging DD 001", 0x18),
}


_GE_COMPONENT = (0x0043, "GEMS_PARM_01", 0x2F)
_GE_COMPONENTS = ("MAGNITUDE", "PHASE", "REAL", "IMAGINARY")
"""GE's private image type, which tells what ComplexImageComponent does for others."""


@dataclass(frozen=True)
class Header:
    """The facts of one file, under their DICOM keywords.

    Args:
        path: the file.
        lossy: LossyImageCompression is 01.
        series_number: SeriesNumber; None where it is absent.
        image_type: ImageType.
        private_component: GE's private equivalent of ComplexImageComponent.
        surplus: bytes of native pixel data beyond those that its attributes tell of.
        frame_of_reference: FrameOfReferenceUID.
        misleading: keywords of what a reader must not see: it is untrue, or in a form that none knows.
        declared_slices: keyword and value of what says how many slices the series has.
        mosaic: how a Siemens mosaic is tiled; None for all other files.
        planes: what the file holds.
        broken: keywords of what is there, and cannot be read; those of the planes included.
        patient: a digest of PatientID, to tell whether images are of one patient; empty where there is none.
    """

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    series_number: int | None
    modality: str
    manufacturer: str
    instance_number: int | None
    image_type: tuple[str, ...]
    private_component: str
    samples_per_pixel: int
    photometric_interpretation: str
    transfer_syntax: UID
    surplus: int
    lossy: bool
    units: str
    suv_type: str
    decay_correction: str
    number_of_frames: int
    concatenation_total: int
    frame_of_reference: str
    misleading: tuple[str, ...]
    declared_slices: tuple[tuple[str, int], ...]
    mosaic: Mosaic | None
    planes: tuple[Plane, ...]
    broken: frozenset[str]
    patient: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether the file stores what it holds as it is: neither pixels nor data set are compressed."""
        syntax = self.transfer_syntax
        return bool(attempt(lambda: not syntax.is_compressed and not syntax.is_deflated))


_OF_THE_FILE = (
    *("Modality", "ImageType", "PhotometricInterpretation", "Units", "Manufacturer", "InstanceNumber"),
    *("SUVType", "DecayCorrection", "NumberOfFrames", "LossyImageCompression"),
)
"""What the header as a whole is read for."""


def read_header(path: Path) -> Header:
    """Read one file.

    Raises:
        DicomError: not DICOM, cut short, damaged, or without the UIDs that place it.
        OSError: the file cannot be read.
    """
    with fence(DicomError, "the DICOM header"):
        known, dataset = open_instance(path)
        mosaic = read_mosaic(dataset)
        planes = read_planes(dataset, mosaic)
        broken = frozenset(_broken(dataset, planes))
        return Header(
            path=path,
            sop_class_uid=known.sop_class,
            sop_instance_uid=known.sop_uid,
            series_instance_uid=known.series_uid,
            series_number=known.series_number,
            modality=known.modality,
            manufacturer=read_text(dataset, "Manufacturer"),
            instance_number=known.instance_number,
            image_type=read_texts(dataset, "ImageType"),
            private_component=_private_component(dataset),
            samples_per_pixel=read_whole(dataset, "SamplesPerPixel") or 1,
            photometric_interpretation=read_text(dataset, "PhotometricInterpretation"),
            transfer_syntax=uid(read_text(dataset.file_meta, "TransferSyntaxUID")),
            surplus=known.surplus,
            lossy=read_text(dataset, "LossyImageCompression") == "01",
            units=read_text(dataset, "Units"),
            suv_type=read_text(dataset, "SUVType"),
            decay_correction=read_text(dataset, "DecayCorrection"),
            number_of_frames=_number_of_frames(dataset),
            concatenation_total=read_whole(dataset, "InConcatenationTotalNumber") or 0,
            frame_of_reference=read_text(dataset, "FrameOfReferenceUID"),
            misleading=tuple(_misleading(dataset, planes, broken)),
            declared_slices=_declared_slices(dataset),
            mosaic=mosaic,
            planes=planes,
            broken=broken,
            patient=_digest(known.patient_id),
        )


def _digest(patient_id: str) -> str:
    """What tells one patient from another, and nobody who it is."""
    return hashlib.sha256(patient_id.encode(errors="surrogateescape")).hexdigest() if patient_id else ""


def _number_of_frames(dataset: Dataset) -> int:
    """NumberOfFrames; a classic image is one frame, also where some write 0."""
    frames = read_whole(dataset, "NumberOfFrames")
    if frames is None:
        return 1
    return frames if frames or is_there(dataset, PER_FRAME) else 1


def _broken(dataset: Dataset, planes: tuple[Plane, ...]) -> Iterator[str]:
    for plane in planes:
        yield from plane.broken
    yield from (k for k in _OF_THE_FILE if not read_text(dataset, k) and is_there(dataset, k))


def _misleading(dataset: FileDataset, planes: tuple[Plane, ...], broken: frozenset[str]) -> Iterator[str]:
    """Keywords of what makes a reader see other voxels or another grid than there are, or stop."""
    yield from sorted(keyword for keyword in broken if keyword in dataset and keyword not in MUST_BE_READ)
    if read_whole(dataset, "NumberOfFrames") == 0:
        yield "NumberOfFrames"
    if planes[0].spacing == 0:  # some write a gap of 0 between slices there; ITK takes no spacing of 0
        yield "SpacingBetweenSlices"
    if all(plane.slope is None for plane in planes) and any(plane.real_world for plane in planes):
        yield REAL_WORLD  # dcm2niix would multiply by it; it is a mapping for display, not the rescaling
    if not read_text(dataset.file_meta, "TransferSyntaxUID"):
        yield "TransferSyntaxUID"  # GDCM does not guess it
    if PER_FRAME in dataset and dataset.get_item(PER_FRAME).VR == "UN":
        yield PER_FRAME  # dcm2niix does not look into a sequence that was written as UN


def _declared_slices(dataset: Dataset) -> tuple[tuple[str, int], ...]:
    counts = [
        (keyword, read_whole(dataset, keyword)) for keyword in ("NumberOfSlices", "ImagesInAcquisition")
    ]
    counts += [(keyword, _private_number(dataset, *place)) for keyword, place in _PRIVATE_COUNTS.items()]
    return tuple((keyword, count) for keyword, count in counts if count)


def _private_component(dataset: Dataset) -> str:
    number = _private_number(dataset, *_GE_COMPONENT)
    return dict(enumerate(_GE_COMPONENTS)).get(-1 if number is None else number, "")


def _private_number(dataset: Dataset, group: int, creator: str, element: int) -> int | None:
    return attempt(lambda: int(str(dataset.private_block(group, creator)[element].value)))
