"""NIfTI in and out: the grid is kept, bytes are equal, damage is told without naming the file."""

import errno
import gzip
import struct
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from nibabel.arrayproxy import ArrayProxy

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Volume, check_mask, check_values, read_nifti, write_nifti

ARRAY = np.random.default_rng(5).normal(100, 20, (9, 7, 5)).astype(np.float32)


def oblique(angle: float, spacing: tuple[float, float, float]) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, -1]])
    affine = np.eye(4)
    affine[:3, :3] = turn * spacing
    affine[:3, 3] = (-12.5, 40, 7)
    return affine


AFFINE = oblique(0.3, (0.7, 0.7, 4.0))


@given(st.floats(-3, 3), st.tuples(*[st.floats(0.1, 10)] * 3))
def test_spacing_is_the_length_of_a_step_along_each_axis(
    angle: float, spacing: tuple[float, float, float]
) -> None:
    assert Volume(ARRAY, oblique(angle, spacing)).spacing == pytest.approx(spacing)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii.gz", Volume(ARRAY, AFFINE))
    back = read_nifti(tmp_path / "a.nii.gz")
    assert (back.array == ARRAY).all()
    assert back.array.dtype == np.float32
    np.testing.assert_allclose(back.affine, AFFINE, atol=1e-5)


def test_the_header_says_millimetres_float32_and_scanner_coordinates_twice(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii", Volume(ARRAY.astype(np.float64), AFFINE))
    header = nib.Nifti1Image.from_filename(tmp_path / "a.nii").header
    assert header.get_xyzt_units()[0] == "mm"
    assert header.get_data_dtype() == np.float32
    assert (int(header["qform_code"]), int(header["sform_code"])) == (1, 1)
    np.testing.assert_allclose(header.get_qform(), header.get_sform(), atol=1e-4)


def test_equal_volumes_give_equal_bytes_whatever_the_files_are_called(tmp_path: Path) -> None:
    for name in ("a.nii.gz", "b.nii.gz"):
        write_nifti(tmp_path / name, Volume(ARRAY, AFFINE))
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


def test_gzip_carries_neither_a_time_nor_a_name(tmp_path: Path) -> None:
    write_nifti(tmp_path / "Doe_Jane.nii.gz", Volume(ARRAY, AFFINE))
    flags, time = struct.unpack("<3xBI", (tmp_path / "Doe_Jane.nii.gz").read_bytes()[:8])  # RFC 1952, 2.3
    assert (flags, time) == (0, 0)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_another_library_reads_the_same_voxels(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_nifti(path, Volume(ARRAY, AFFINE))
    image = sitk.ReadImage(path)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image).T, ARRAY)
    np.testing.assert_allclose(image.GetSpacing(), Volume(ARRAY, AFFINE).spacing, rtol=1e-6)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_both_versions_of_nifti_are_read_in_either_byte_order(
    tmp_path: Path, suffix: str, kind: type[nib.Nifti1Image], order: str
) -> None:
    header = kind.header_class(endianness=order)
    kind(ARRAY, AFFINE, header).to_filename(tmp_path / f"a{suffix}")
    back = read_nifti(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(back.array, ARRAY)
    np.testing.assert_allclose(back.affine, AFFINE, atol=1e-5)


def test_one_flipped_bit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    write_nifti(path, Volume(ARRAY, AFFINE))
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 4
    path.write_bytes(whole)
    with pytest.raises(InputError, match="must be a whole NIfTI file"):
        read_nifti(path)


def test_stored_integers_are_scaled_as_the_header_says(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.arange(24, dtype=np.int16).reshape(2, 3, 4), np.eye(4))
    image.header.set_slope_inter(2, -1024)
    nib.save(image, tmp_path / "a.nii")
    stored = nib.Nifti1Image.from_filename(tmp_path / "a.nii").dataobj
    assert isinstance(stored, ArrayProxy)
    assert (stored.slope, stored.inter) == (2, -1024)
    np.testing.assert_array_equal(read_nifti(tmp_path / "a.nii").array, 2.0 * stored.get_unscaled() - 1024)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("keep", [0.0, 0.4, 0.9])
def test_a_file_cut_short_is_refused_without_its_name(tmp_path: Path, suffix: str, keep: float) -> None:
    path = tmp_path / f"Doe_Jane{suffix}"
    write_nifti(path, Volume(ARRAY, AFFINE))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole))])
    with pytest.raises(InputError, match="must be a whole NIfTI file") as caught:
        read_nifti(path)
    assert "Doe" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".txt"])
def test_what_is_not_nifti_is_refused_without_its_name(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"Doe_Jane{suffix}"
    path.write_bytes(b"this is no image " * 99)
    with pytest.raises(InputError, match="must be a whole NIfTI file") as caught:
        read_nifti(path)
    assert "Doe" not in str(caught.value)


@pytest.mark.parametrize("name", ["A.NII", "A.NII.GZ", "a.Nii.gz", "a.nii", "a.nii.gz"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_unpacked_by_what_it_holds_and_not_by_its_name(
    tmp_path: Path, name: str, *, packed: bool
) -> None:
    write_nifti(tmp_path / "plain.nii", Volume(ARRAY, AFFINE))
    content = (tmp_path / "plain.nii").read_bytes()
    (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
    np.testing.assert_array_equal(read_nifti(tmp_path / name).array, ARRAY)


def test_what_is_wrong_with_a_file_is_told_in_our_words(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii.gz", Volume(ARRAY, AFFINE))
    packed = (tmp_path / "a.nii.gz").read_bytes()
    plain = gzip.decompress(packed)
    cases = {
        packed[:300]: "its compressed data are damaged, or end too early",
        b"\x1f\x8bno gzip at all": "its compressed data are damaged, or end too early",
        plain[:500]: "its data end too early",
        b"": "found no header of one",
        b"no image" * 99: "found no header of one",
    }
    for content, told in cases.items():
        (tmp_path / "b.nii.gz").write_bytes(content)
        with pytest.raises(InputError) as caught:
            read_nifti(tmp_path / "b.nii.gz")
        assert caught.value.message == f"volume: must be a whole NIfTI file; {told}."


def test_what_nibabel_mends_in_a_header_it_does_not_print(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    write_nifti(tmp_path / "a.nii", Volume(ARRAY, AFFINE))
    content = bytearray((tmp_path / "a.nii").read_bytes())
    content[80:84] = struct.pack("<f", -0.7)  # pixdim[1]
    (tmp_path / "a.nii").write_bytes(content)
    nib.Nifti1Image.from_filename(tmp_path / "a.nii")
    assert "pixdim" in caplog.text
    capfd.readouterr()
    caplog.clear()
    np.testing.assert_array_equal(read_nifti(tmp_path / "a.nii").array, ARRAY)
    assert (caplog.text, capfd.readouterr().err) == ("", "")
    nib.Nifti1Image.from_filename(tmp_path / "a.nii")
    assert "pixdim" in caplog.text


def test_the_volume_of_a_voxel_is_told_also_where_axes_lean() -> None:
    leaning = np.diag([2.0, 1.5, 4.0, 1.0])
    leaning[1, 2] = 1.0  # a tilted gantry
    assert Volume(ARRAY, leaning).voxel_ml == pytest.approx(2 * 1.5 * 4 / 1000)
    assert Volume(ARRAY, AFFINE).voxel_ml == pytest.approx(0.7 * 0.7 * 4 / 1000)


def test_four_dimensions_are_refused(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Image(np.zeros((4, 4, 4, 3), np.float32), np.eye(4)), tmp_path / "a.nii")
    with pytest.raises(InputError, match="must have 3 dimensions; found 4"):
        read_nifti(tmp_path / "a.nii")


def test_a_full_disk_and_a_missing_file_are_the_systems_own_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_nifti(tmp_path / "none.nii.gz")
    full = tmp_path / "full.nii"
    full.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as caught:
        write_nifti(full, Volume(ARRAY, AFFINE))
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_counted(bad: float) -> None:
    spoiled = ARRAY.copy()
    spoiled[:2, 0, 0] = bad
    with pytest.raises(InputError, match="values must be finite; found 2 voxels"):
        check_values(spoiled)


def test_a_volume_without_voxels_or_a_mask_without_body_is_refused() -> None:
    with pytest.raises(InputError, match="must hold voxels"):
        check_values(np.zeros((0, 4, 4), np.float32))
    with pytest.raises(InputError, match="it is empty"):
        check_mask(np.zeros((4, 4, 4), dtype=bool), (4, 4, 4))


def test_one_value_that_is_not_finite_is_one_voxel() -> None:
    spoiled = ARRAY.copy()
    spoiled[3, 2, 1] = np.nan
    with pytest.raises(InputError, match="found 1 voxel that"):
        check_values(spoiled)


def test_two_values_are_enough_and_one_is_constant() -> None:
    flat = np.full((4, 3, 2), 7, np.float32)
    with pytest.raises(InputError, match="must not be constant"):
        check_values(flat)
    flat[0, 0, 0] = np.nextafter(np.float32(7), np.float32(8))
    check_values(flat)


@pytest.mark.parametrize("shape", [(6,), (3, 2), (3, 2, 1, 1)])
def test_values_have_three_dimensions(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=f"must have 3 dimensions; found {len(shape)}"):
        check_values(np.arange(6, dtype=np.float32).reshape(shape))


def test_a_mask_has_the_shape_of_its_volume_and_one_voxel_is_enough() -> None:
    mask = np.zeros((4, 3, 2), dtype=bool)
    mask[3, 2, 1] = True
    check_mask(mask, (4, 3, 2))
    with pytest.raises(InputError, match="must have the shape of the volume"):
        check_mask(mask, (4, 3, 3))


def test_other_values_lie_on_the_same_grid() -> None:
    other = Volume(ARRAY, AFFINE).with_array(ARRAY + 1)
    assert (other.array == ARRAY + 1).all()
    assert (other.affine == AFFINE).all()
