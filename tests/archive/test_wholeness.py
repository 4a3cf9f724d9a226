"""Whether a file holds all the pixels that its header promises, to the byte."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage

from sarcoma_core.archive.instance import read_instance
from sarcoma_core.errors import DicomError


def image(folder: Path, *, pixels: int, **values: Any) -> Path:
    """An image of 4 rows and 6 columns, with as many bytes of pixel data."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = UltrasoundImageStorage, "1.2.3.4"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.Modality = "1.2.3", "1.2.3.5", "US"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 4, 6, 1
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
    dataset.PhotometricInterpretation = "MONOCHROME2"
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    dataset.PixelData = np.zeros(pixels, np.uint8).tobytes()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    path = folder / f"{pixels}.dcm"
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize(
    ("values", "needed"),
    [
        ({}, 24),
        ({"BitsAllocated": 16, "BitsStored": 16, "HighBit": 15}, 48),
        ({"NumberOfFrames": 3}, 72),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}, 72),
        # two pixels share their chrominance: 2 samples of a pixel, though SamplesPerPixel is 3 (C.7.6.3.1.2)
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "YBR_FULL_422", "PlanarConfiguration": 0}, 48),
    ],
    ids=["grey", "16 bit", "frames", "RGB", "YBR_FULL_422"],
)
def test_an_image_is_whole_with_the_bytes_of_its_pixels_and_cut_with_two_less(
    tmp_path: Path, values: dict[str, Any], needed: int
) -> None:
    """PS3.3, C.7.6.3: rows x columns x samples x bits / 8; the length of a value is even (PS3.5, 7.1)."""
    assert read_instance(image(tmp_path, pixels=needed, **values)).sop_uid == "1.2.3.4"
    with pytest.raises(DicomError, match=f"must be {needed} bytes; found {needed - 2}"):
        read_instance(image(tmp_path, pixels=needed - 2, **values))
