"""The DICOM that the manifests here are of: one MR series of a bright cylinder in the noise of air.

    .venv/bin/python -m tests.legacy.dicom FOLDER

The same files each time. The `sarcoma demo --input FOLDER` of 0.1.0 imported them as project OWN, session
P01_20200102_MR, and ran `prepare` on them over REST; `run.json` of each resource, the session's record and
the ledger are committed here as it wrote them.
"""

import sys
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

SHAPE = (24, 64, 64)
"""Slices, rows, columns."""
SPACING = (4.0, 2.0, 2.0)
"""Between slices, rows and columns, mm."""
_ROOT = "1.2.826.0.1.3680043.10.999"
_MR = "1.2.840.10008.5.1.4.1.1.4"


def voxels() -> np.ndarray:
    """The stored values, shape (slices, rows, columns)."""
    random = np.random.default_rng(7)
    y, x = np.ogrid[-1:1:64j, -1:1:64j]
    radius = np.hypot(x, y)
    tissue = np.where(radius < 0.35, 700.0, 400.0) * (radius < 0.8) * np.exp(0.3 * x)
    noisy = np.hypot(tissue + random.normal(0, 12, SHAPE), random.normal(0, 12, SHAPE))
    return noisy.astype(np.uint16)


def write(folder: Path) -> None:
    """Write a file for each slice."""
    folder.mkdir(parents=True, exist_ok=True)
    for k, plane in enumerate(voxels()):
        uid = f"{_ROOT}.3.{k + 1}"
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = _MR, uid
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        image = Dataset()
        image.file_meta = meta
        image.SOPClassUID, image.SOPInstanceUID = _MR, uid
        image.StudyInstanceUID, image.SeriesInstanceUID = f"{_ROOT}.1", f"{_ROOT}.2"
        image.FrameOfReferenceUID = f"{_ROOT}.4"
        image.PatientID, image.PatientName = "P01", "Legacy"
        image.StudyDate, image.StudyTime, image.Modality = "20200102", "101010", "MR"
        image.Manufacturer, image.SeriesDescription = "None", "AX T1"
        image.SeriesNumber, image.InstanceNumber = 4, k + 1
        image.ImageType = ["ORIGINAL", "PRIMARY", "M"]
        image.EchoTime, image.RepetitionTime = 10, 500
        image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        image.ImagePositionPatient = [-64, -64, SPACING[0] * k]
        image.PixelSpacing, image.SliceThickness = list(SPACING[1:]), SPACING[0]
        image.Rows, image.Columns = plane.shape
        image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
        image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 0
        image.PixelData = plane.tobytes()
        image.save_as(folder / f"{k + 1:03d}.dcm", enforce_file_format=True)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
