"""A series whose orientation differs in the last digit between slices is drawn on; its files stay."""

import hashlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from sarcoma_core.dicom.seg import SegmentToWrite, read_seg, write_seg
from sarcoma_core.errors import InputError
from tests.dicom.seg.other_readers import by_bits, by_dcmqi, by_highdicom, dciodvfy_errors, volume_of
from tests.dicom.seg.seg_maker import grid_of, random_mask
from tests.dicom.series_maker import Stack, save

STACK = Stack(slices=4, shape=(6, 5))


def tilted(folder: Path, angle: float) -> list[Path]:
    """Every second slice turned by an angle, radians."""
    datasets = STACK.datasets()
    for dataset in datasets[1::2]:
        cosine, sine = f"{np.cos(angle):.9g}", f"{np.sin(angle):.9g}"
        dataset.ImageOrientationPatient = [cosine, sine, 0, f"-{sine}", cosine, 0]
    return save(datasets, folder)


@pytest.mark.parametrize("angle", [4e-8, 4.5e-4])
def test_rounding_of_the_orientation_is_harmonised(tmp_path: Path, angle: float) -> None:
    paths, mask = tilted(tmp_path / "images", angle), random_mask(STACK, 1)
    before = [hashlib.sha256(path.read_bytes()).digest() for path in paths]
    path = tmp_path / "seg.dcm"
    path.write_bytes(write_seg([SegmentToWrite(1, "GTV", mask)], paths, grid_of(STACK)))
    np.testing.assert_array_equal(by_bits(path, grid_of(STACK).affine, mask.shape, 1), mask)
    assert [hashlib.sha256(path.read_bytes()).digest() for path in paths] == before


def test_another_orientation_is_not(tmp_path: Path) -> None:
    paths, mask = tilted(tmp_path / "images", 5.5e-4), random_mask(STACK, 1)
    with pytest.raises(InputError, match="one orientation"):
        write_seg([SegmentToWrite(1, "GTV", mask)], paths, grid_of(STACK))


@pytest.mark.parametrize(
    "name", ["sts_raw/STS_003_T1", *(f"sts_ibsi/STS_002/{kind}/image" for kind in ("CT", "MR_T1", "PET"))]
)
def test_a_real_series_is_drawn_on(data: Path, tmp_path: Path, name: str) -> None:
    images = {
        path: pydicom.dcmread(path)
        for path in sorted((data / name).glob("*.dcm"))
        if pydicom.dcmread(path, stop_before_pixels=True).Modality in ("CT", "MR", "PT")
    }
    ordered = sorted(images, key=lambda path: float(images[path].ImagePositionPatient[2]))
    volume = volume_of(sitk.ReadImage([str(path) for path in ordered]))
    mask = np.zeros(volume.array.shape, bool)
    x, y, z = (size // 2 for size in mask.shape)
    mask[x - 20 : x + 20, y - 10 : y + 15, z - 5 : z + 4] = True
    mask[x, y] = True
    path = tmp_path / "seg.dcm"
    path.write_bytes(write_seg([SegmentToWrite(1, "GTV", mask)], list(images), volume))
    np.testing.assert_array_equal(by_bits(path, volume.affine, mask.shape, 1), mask)
    on_images = by_highdicom(path, [str(images[path].SOPInstanceUID) for path in ordered], 1)
    np.testing.assert_array_equal(on_images.transpose(2, 1, 0) > 0, mask)
    np.testing.assert_array_equal(by_dcmqi(path, volume, 1, tmp_path / "nrrd"), mask)
    np.testing.assert_array_equal(read_seg(path).on(1, volume).mask, mask)
    assert dciodvfy_errors(path) <= dciodvfy_errors(ordered[0])
    assert pydicom.dcmread(path).PatientName == images[ordered[0]].PatientName
