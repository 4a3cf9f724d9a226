"""Small DICOM series whose voxels and geometry are known because they are chosen here."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
    generate_uid,
)

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)

_KINDS = {
    "MR": (MRImageStorage, ["ORIGINAL", "PRIMARY", "M"]),
    "CT": (CTImageStorage, ["ORIGINAL", "PRIMARY", "AXIAL"]),
    "PT": (PositronEmissionTomographyImageStorage, ["ORIGINAL", "PRIMARY"]),
}


@dataclass(frozen=True)
class Stack:
    """A stack of slices: what they are and where they lie, LPS, mm."""

    slices: int = 6
    modality: str = "MR"
    orientation: tuple[float, ...] = AXIAL
    gap: float = 4.0
    origin: tuple[float, float, float] = (-20.0, -30.0, 40.0)
    pixel_spacing: tuple[float, float] = (1.5, 1.25)
    shape: tuple[int, int] = (12, 10)
    first_instance: int = 1
    seed: int = 0
    series: str = "1.2.826.0.1.3680043.8.498.1"

    @property
    def stored(self) -> npt.NDArray[np.int16]:
        """The stored values, shape (slices, rows, columns)."""
        rng = np.random.default_rng(self.seed)
        return rng.integers(-900, 1500, (self.slices, *self.shape), dtype=np.int16)

    @property
    def normal(self) -> npt.NDArray[np.float64]:
        return np.cross(self.orientation[:3], self.orientation[3:])

    @property
    def affine(self) -> npt.NDArray[np.float64]:
        """(column, row, slice) to RAS, by PS3.3, C.7.6.2.1.1, equation C.7.6.2.1-1."""
        matrix = np.eye(4)
        matrix[:3, 0] = np.array(self.orientation[:3]) * self.pixel_spacing[1]
        matrix[:3, 1] = np.array(self.orientation[3:]) * self.pixel_spacing[0]
        matrix[:3, 2] = self.normal * self.gap
        matrix[:3, 3] = self.origin
        return np.diag([-1.0, -1.0, 1.0, 1.0]) @ matrix

    def datasets(self, **values: Any) -> list[Dataset]:
        """The slices; `values` set or, when None, delete attributes of all of them."""
        return [self._slice(k, pixels, values) for k, pixels in enumerate(self.stored)]

    def _slice(self, k: int, pixels: npt.NDArray[np.int16], values: dict[str, Any]) -> Dataset:
        sop_class, image_type = _KINDS[self.modality]
        ds = Dataset()
        ds.SOPClassUID, ds.SOPInstanceUID = sop_class, generate_uid()
        ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.2", self.series
        ds.SeriesNumber, ds.InstanceNumber, ds.Modality = 3, k + self.first_instance, self.modality
        ds.PatientName, ds.PatientID, ds.PatientBirthDate = "Doe^Jane", "MRN-0042", "19600229"
        ds.StudyDate, ds.StudyTime, ds.AcquisitionTime = "20210305", "101112", "101314.5"
        ds.InstitutionName, ds.StationName, ds.SeriesDescription = (
            "St. Elsewhere",
            "SCANNER7",
            "Jane Doe thigh",
        )
        ds.ImageComments, ds.Manufacturer, ds.ImageType = "seen by Dr Roe", "SIEMENS", image_type
        ds.PatientPosition, ds.FrameOfReferenceUID = "HFS", "1.2.826.0.1.3680043.8.498.3"
        ds.ImagePositionPatient = [f"{v:.9g}" for v in np.array(self.origin) + k * self.gap * self.normal]
        ds.ImageOrientationPatient = [f"{v:.12g}" for v in self.orientation]
        ds.PixelSpacing, ds.SliceThickness = list(self.pixel_spacing), abs(self.gap)
        ds.Rows, ds.Columns = self.shape
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.PixelData = pixels.astype("<i2").tobytes()
        if self.modality == "MR":
            ds.EchoTime, ds.RepetitionTime, ds.ScanningSequence, ds.MRAcquisitionType = 10, 500, "SE", "2D"
        if self.modality == "CT":
            ds.RescaleSlope, ds.RescaleIntercept = 1, -1024
        if self.modality == "PT":
            ds.RescaleSlope, ds.RescaleIntercept, ds.Units = 1, 0, "BQML"
            ds.SeriesType, ds.DecayCorrection, ds.NumberOfSlices = ["STATIC", "IMAGE"], "START", self.slices
        for keyword, value in values.items():
            if value is None:
                del ds[keyword]
            else:
                setattr(ds, keyword, value)
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        return ds

    def repeat(self, times: int) -> list["Stack"]:
        """The same places several times, with other voxels, numbered on."""
        return [
            replace(self, seed=self.seed + t, first_instance=self.first_instance + t * self.slices)
            for t in range(times)
        ]


def save(datasets: list[Dataset], folder: Path) -> list[Path]:
    """Write files whose names a patient could be known by."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, dataset in enumerate(datasets):
        path = folder / f"DOE_JANE_{number:03d}.dcm"
        dataset.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def new_uid(dataset: Dataset) -> Dataset:
    """Make it an instance of its own."""
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    return dataset
