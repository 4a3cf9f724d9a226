"""Contours of soft-tissue sarcomas of TCIA (Vallieres 2015, doi 10.7937/K9/TCIA.2015.7GO2GSKS)."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from sarcoma_core.dicom.rtstruct import RoiToWrite, read_rtstruct, write_rtstruct
from sarcoma_core.imaging.volume import Volume
from tests.dicom.rtstruct.other_readers import by_images, dciodvfy_errors

PATIENTS = ("STS_002", "STS_008", "STS_018", "STS_019", "STS_025", "STS_042")


def itk_volume(files: list[Path]) -> Volume:
    """A series as ITK reads it, on RAS."""
    by_place = {}
    for path in files:
        header = pydicom.dcmread(path, stop_before_pixels=True)
        cosines = np.array(header.ImageOrientationPatient, float)
        by_place[float(np.cross(cosines[:3], cosines[3:]) @ np.array(header.ImagePositionPatient, float))] = (
            path
        )
    image = sitk.ReadImage([str(by_place[place]) for place in sorted(by_place)])
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    array = np.asarray(sitk.GetArrayFromImage(image).T, np.float32)
    return Volume(array, np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine)


def volume_ml(folder: Path) -> float:
    grid = itk_volume(list((folder / "image").iterdir()))
    drawing = read_rtstruct(folder / "mask/RS.dcm")
    assert drawing.fits(grid)
    (region,) = drawing.regions
    found = drawing.on(region.number, grid)
    assert found.notes == ()
    return float(found.mask.sum()) * float(np.prod(grid.spacing)) / 1000


@pytest.mark.parametrize("patient", PATIENTS)
def test_a_tumour_has_one_volume_on_ct_t1_and_pet(data: Path, patient: str) -> None:
    """0.3 % and 2 %: science.md, 3.7."""
    ct, t1, pet = (volume_ml(data / "sts_ibsi" / patient / kind) for kind in ("CT", "MR_T1", "PET"))
    assert ct == pytest.approx(t1, rel=0.003)
    assert pet == pytest.approx(t1, rel=0.02)


@pytest.fixture
def thigh(data: Path) -> tuple[Path, list[Path]]:
    """STS_003: the contours, and the slightly oblique T1 that they were drawn on."""
    folder = data / "sts_raw/STS_003_T1"
    return folder / "1-1.dcm", sorted(path for path in folder.iterdir() if path.name != "1-1.dcm")


def test_mass_and_oedema_of_an_original_object_are_read_and_lie_in_the_body(
    thigh: tuple[Path, list[Path]],
) -> None:
    grid, drawing = itk_volume(thigh[1]), read_rtstruct(thigh[0])
    assert [region.name for region in drawing.regions] == ["GTV_Mass", "GTV_Edema"]
    assert drawing.fits(grid)
    body = grid.array > np.percentile(grid.array, 60)
    mass, oedema = (drawing.on(region.number, grid) for region in drawing.regions)
    assert (mass.facts["contours"], oedema.facts["contours"]) == (9, 11)
    for found in (mass, oedema):
        assert found.notes == ()
        assert body[found.mask].mean() > 0.99
    assert (oedema.mask & mass.mask).sum() == pytest.approx(mass.mask.sum(), rel=0.01)


def test_contours_refer_to_images_of_the_series(thigh: tuple[Path, list[Path]]) -> None:
    headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in thigh[1]]
    source = read_rtstruct(thigh[0]).source
    assert len(source.sop_uids) >= 11
    assert source.sop_uids <= {header.SOPInstanceUID for header in headers}
    assert source.series_uids == {headers[0].SeriesInstanceUID}


def test_ours_of_an_original_mask_is_read_back_by_others(
    thigh: tuple[Path, list[Path]], tmp_path: Path
) -> None:
    grid = itk_volume(thigh[1])
    mask = read_rtstruct(thigh[0]).on(1, grid).mask
    path = tmp_path / "rs.dcm"
    path.write_bytes(write_rtstruct([RoiToWrite(1, "GTV_Mass", mask)], thigh[1], grid))
    images = [pydicom.dcmread(file, stop_before_pixels=True) for file in thigh[1]]
    seen = by_images(path, images, 1, unite=False)
    assert seen.sum() == pytest.approx(mask.sum(), rel=0.01)
    np.testing.assert_array_equal(read_rtstruct(path).on(1, grid).mask, mask)
    assert dciodvfy_errors(path) <= dciodvfy_errors(thigh[1][0])
