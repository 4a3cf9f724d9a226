"""What conversion needs to know of a DICOM file, read once.

Reading is tolerant: a value that is absent, empty or broken becomes None, and `checks` decides whether that
matters. Nothing here names or dates a patient.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID

from sarcoma_core.archive.instance import read_instance
from sarcoma_core.dicom.mosaic import Mosaic, read_mosaic
from sarcoma_core.dicom.planes import Plane, read_planes
from sarcoma_core.dicom.values import attempt, read_text, read_texts, read_whole

_PRIVATE_COUNTS = {
    "LocationsInAcquisition (GE)": (0x0021, "GEMS_RELA_01", 0x4F),
    "NumberOfSlicesMR (Philips)": (0x2001, "Philips Imaging DD 001", 0x18),
}


@dataclass(frozen=True)
class Header:
    """The facts of one file, under their DICOM keywords.

    Args:
        path: the file.
        lossy: LossyImageCompression is 01.
        declared_slices: keyword and value of what says how many slices the series has.
        mosaic: how a Siemens mosaic is tiled; None for all other files.
        planes: what the file holds.
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
    concatenation_total: int
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
        known = read_instance(path)
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        mosaic = read_mosaic(dataset)
        frames = read_whole(dataset, "NumberOfFrames")
        return Header(
            path=path,
            sop_class_uid=known.sop_class,
            sop_instance_uid=known.sop_uid,
            series_instance_uid=known.series_uid,
            modality=known.modality,
            manufacturer=read_text(dataset, "Manufacturer"),
            instance_number=known.instance_number,
            image_type=read_texts(dataset, "ImageType"),
            samples_per_pixel=read_whole(dataset, "SamplesPerPixel") or 1,
            photometric_interpretation=read_text(dataset, "PhotometricInterpretation"),
            transfer_syntax=UID(str(dataset.file_meta.get("TransferSyntaxUID") or "")),
            lossy=read_text(dataset, "LossyImageCompression") == "01",
            units=read_text(dataset, "Units"),
            suv_type=read_text(dataset, "SUVType"),
            decay_correction=read_text(dataset, "DecayCorrection"),
            number_of_frames=1 if frames is None else frames,
            concatenation_total=read_whole(dataset, "InConcatenationTotalNumber") or 0,
            declared_slices=_declared_slices(dataset),
            mosaic=mosaic,
            planes=read_planes(dataset, mosaic),
        )


def _declared_slices(dataset: Dataset) -> tuple[tuple[str, int], ...]:
    found = [(keyword, read_whole(dataset, keyword)) for keyword in ("NumberOfSlices", "ImagesInAcquisition")]
    found += [(keyword, _private_count(dataset, *place)) for keyword, place in _PRIVATE_COUNTS.items()]
    return tuple((keyword, count) for keyword, count in found if count)


def _private_count(dataset: Dataset, group: int, creator: str, element: int) -> int | None:
    return attempt(lambda: int(str(dataset.private_block(group, creator)[element].value)))
