"""Soft-tissue sarcoma patients of TCIA (Vallieres 2015, doi 10.7937/K9/TCIA.2015.7GO2GSKS)."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from sarcoma_core.dicom.convert import Conversion, convert_scan
from sarcoma_core.dicom.scan import Status
from tests.dicom.truth import assert_same_image, nib, read_series

PATIENTS = ("STS_002", "STS_008", "STS_018", "STS_019", "STS_025", "STS_042")
FLOAT32 = 2.0**-22


@pytest.fixture
def run(tmp_path: Path) -> Any:
    def converted(folder: Path, *without: int) -> Conversion:
        files = sorted(path for path in folder.iterdir() if path.name != "1-1.dcm")
        return convert_scan([f for i, f in enumerate(files) if i not in without], tmp_path, name="scan")

    return converted


@pytest.mark.parametrize("patient", PATIENTS)
@pytest.mark.parametrize(("kind", "units"), [("CT", "HU"), ("MR_T1", "arbitrary"), ("PET", "GML")])
def test_every_series_is_what_the_series_reader_of_itk_sees(
    data: Path, run: Any, patient: str, kind: str, units: str
) -> None:
    folder = data / "sts_ibsi" / patient / kind / "image"
    voxels, affine = read_series(folder)

    conversion = run(folder)

    assert conversion.status is Status.CONVERTED
    assert conversion.receipt.units == units
    assert conversion.receipt.warnings == ()
    assert_same_image(conversion.files[0], voxels, affine, relative=FLOAT32 if kind == "PET" else 0)


def test_pet_in_suv_stays_suv(data: Path, run: Any) -> None:
    folder = data / "sts_ibsi/STS_002/PET/image"
    highest = max(
        float(ds.RescaleSlope) * int(ds.pixel_array.max()) + float(ds.RescaleIntercept)
        for ds in map(pydicom.dcmread, folder.iterdir())
    )

    conversion = run(folder)

    assert conversion.receipt.suv_type == "BW"
    assert conversion.receipt.decay_correction == "ADMIN"
    assert np.asarray(nib.load(conversion.files[0]).dataobj).max() == pytest.approx(highest, rel=1e-6)


def test_an_original_t1_of_a_thigh_is_what_the_series_reader_of_itk_sees(
    data: Path, run: Any, tmp_path: Path
) -> None:
    folder = data / "sts_raw/STS_003_T1"
    (tmp_path / "images").mkdir()
    for path in folder.iterdir():
        if path.name != "1-1.dcm":  # the contours
            (tmp_path / "images" / path.name).symlink_to(path)
    voxels, affine = read_series(tmp_path / "images")

    conversion = run(folder)

    assert conversion.status is Status.CONVERTED
    assert conversion.receipt.slices_out == 36
    assert_same_image(conversion.files[0], voxels, affine)


def test_without_one_of_its_slices_it_is_refused(data: Path, run: Any) -> None:
    conversion = run(data / "sts_raw/STS_003_T1", 11)

    assert conversion.status is Status.REFUSED
    assert "of 36 is missing" in conversion.reason
    assert "is 14.0 mm where the others are 7.0 mm" in conversion.reason


def test_without_its_first_image_there_is_a_warning(data: Path, run: Any) -> None:
    conversion = run(data / "sts_raw/STS_003_T1", 0)

    assert conversion.status is Status.CONVERTED
    assert conversion.receipt.warnings == ("InstanceNumber starts at 2",)


def test_a_pet_without_its_last_slice_is_refused(data: Path, run: Any) -> None:
    conversion = run(data / "sts_ibsi/STS_002/PET/image", 47)

    assert conversion.status is Status.REFUSED
    assert "NumberOfSlices is 48; found 47" in conversion.reason


def test_a_diffusion_map_is_what_the_series_reader_of_itk_sees(data: Path, run: Any) -> None:
    folder = data / "seg/QIN-PROSTATE-001/ADC"

    conversion = run(folder)

    assert conversion.status is Status.CONVERTED
    assert_same_image(conversion.files[0], *read_series(folder))
