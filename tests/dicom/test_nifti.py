import gzip
from pathlib import Path

import numpy as np
import pytest
from isal import igzip

from sarcoma_core.dicom.nifti import StoredVolume, clean_header, compress, read_nifti
from sarcoma_core.errors import SeriesRefused
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


def deliver(source: Path, target: Path) -> str:
    """Set the header and compress, as a conversion does."""
    clean_header(source, affine=AFFINE)
    return compress(source, target)


def test_voxels_stay_and_the_grid_is_set(source: Path, tmp_path: Path) -> None:
    before = np.asarray(nib.load(source).dataobj)

    deliver(source, tmp_path / "out.nii.gz")
    after = nib.load(tmp_path / "out.nii.gz")

    np.testing.assert_array_equal(np.asarray(after.dataobj), before)
    np.testing.assert_allclose(after.get_sform(), AFFINE, atol=1e-5)
    np.testing.assert_allclose(after.get_qform(), AFFINE, atol=1e-4)
    assert after.header.get_zooms() == (2.0, 2.5, 4.0)


def test_free_text_is_gone(source: Path, tmp_path: Path) -> None:
    deliver(source, tmp_path / "out.nii.gz")
    content = gzip.decompress((tmp_path / "out.nii.gz").read_bytes())

    assert b"1013" not in content[:352]
    assert b"Roe" not in content


def test_two_runs_give_the_same_bytes(source: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.nii.gz", tmp_path / "another.nii.gz"

    assert deliver(source, one) == deliver(source, two)
    assert one.read_bytes() == two.read_bytes()
    assert one.read_bytes()[4:8] == bytes(4)  # RFC 1952, MTIME: no time


def test_other_voxels_have_another_digest(source: Path, tmp_path: Path) -> None:
    first = deliver(source, tmp_path / "one.nii.gz")
    content = bytearray(source.read_bytes())
    content[-1] ^= 1
    source.write_bytes(content)

    assert deliver(source, tmp_path / "two.nii.gz") != first


def test_a_power_of_two_multiplies_the_rescaling_and_nothing_else(source: Path) -> None:
    clean_header(source, affine=AFFINE, power=-20)

    image = read_nifti(source)

    assert (image.slope, image.intercept) == (2.0**-19, -(2.0**-10))
    assert image.stored.ravel(order="F")[:3].tolist() == [0, 20, 40]


def test_a_compressed_file_that_does_not_read_back_is_refused(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(stream: igzip.IGzipFile, content: bytes) -> int:
        return write(stream, content[:-1] + bytes([content[-1] ^ 1]))

    write = igzip.IGzipFile.write
    monkeypatch.setattr(igzip.IGzipFile, "write", faulty)

    with pytest.raises(SeriesRefused, match="does not read back"):
        compress(source, tmp_path / "out.nii.gz")


def test_an_image_knows_its_spacing_and_where_its_axes_point(source: Path, tmp_path: Path) -> None:
    deliver(source, tmp_path / "out.nii.gz")

    image = read_nifti(tmp_path / "out.nii.gz")

    assert image.spacing == (2.0, 2.5, 4.0)
    assert image.orientation == "LAS"
    assert image.shape == (3, 4, 5)
    assert image.stored[0, 0, 1] == 1
    assert (image.slope, image.intercept) == (2.0, -1024.0)


def test_a_volume_is_rescaled_slice_by_slice() -> None:
    volume = StoredVolume(np.arange(24, dtype=np.int16).reshape(2, 3, 4), 2.0, -1024.0)

    assert volume.plane(1)[0].tolist() == [-1000, -998, -996, -994]
