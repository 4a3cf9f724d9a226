import gzip
from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.dicom.nifti import Volume, read_nifti, write_clean
from tests.dicom.truth import nib

AFFINE = np.array([[-2.0, 0, 0, 90], [0, 2.5, 0, -80], [0, 0, 4.0, 7], [0, 0, 0, 1]])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file as dcm2niix writes it: rescaled integers, a time and a comment in the header."""
    image = nib.Nifti1Image(np.arange(60, dtype=np.int16).reshape(3, 4, 5), np.eye(4))
    image.header["descrip"] = b"TE=30;Time=101314.500"
    image.header["aux_file"] = b"seen by Dr Roe"
    image.header.set_slope_inter(2.0, -1024)
    path = tmp_path / "image.nii"
    image.to_filename(path)
    return path


def test_voxels_stay_and_the_grid_is_set(source: Path, tmp_path: Path) -> None:
    before = np.asarray(nib.load(source).dataobj)

    write_clean(source, tmp_path / "out.nii.gz", affine=AFFINE)
    after = nib.load(tmp_path / "out.nii.gz")

    np.testing.assert_array_equal(np.asarray(after.dataobj), before)
    np.testing.assert_allclose(after.get_sform(), AFFINE, atol=1e-5)
    np.testing.assert_allclose(after.get_qform(), AFFINE, atol=1e-4)
    assert after.header.get_zooms() == (2.0, 2.5, 4.0)


def test_free_text_is_gone(source: Path, tmp_path: Path) -> None:
    write_clean(source, tmp_path / "out.nii.gz", affine=AFFINE)
    content = gzip.decompress((tmp_path / "out.nii.gz").read_bytes())

    assert b"1013" not in content[:352]
    assert b"Roe" not in content


def test_two_runs_give_the_same_bytes(source: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.nii.gz", tmp_path / "another.nii.gz"

    assert write_clean(source, one, affine=AFFINE) == write_clean(source, two, affine=AFFINE)
    assert one.read_bytes() == two.read_bytes()
    assert one.read_bytes()[4:8] == bytes(4)  # RFC 1952, MTIME: no time


def test_other_voxels_have_another_digest(source: Path, tmp_path: Path) -> None:
    first = write_clean(source, tmp_path / "one.nii.gz", affine=AFFINE)
    content = bytearray(source.read_bytes())
    content[-1] ^= 1
    source.write_bytes(content)

    assert write_clean(source, tmp_path / "two.nii.gz", affine=AFFINE) != first


def test_an_image_knows_its_spacing_and_where_its_axes_point(source: Path, tmp_path: Path) -> None:
    write_clean(source, tmp_path / "out.nii.gz", affine=AFFINE)

    image = read_nifti(tmp_path / "out.nii.gz")

    assert image.spacing == (2.0, 2.5, 4.0)
    assert image.orientation == "LAS"
    assert image.shape == (3, 4, 5)
    assert image.stored[0, 0, 1] == 1
    assert (image.slope, image.intercept) == (2.0, -1024.0)


def test_a_volume_is_rescaled_slice_by_slice() -> None:
    volume = Volume(np.arange(24, dtype=np.int16).reshape(2, 3, 4), 2.0, -1024.0)

    assert volume.plane(1)[0].tolist() == [-1000, -998, -996, -994]
