"""Pairs of NIfTI masks: what belongs together, and what is told where two do not match."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.segmentation.mask_files import pair_files, read_pair
from tests.segmentation.shapes import voxels

AFFINE = np.diag([-0.7, -0.7, 4.0, 1.0])
AFFINE[:3, 3] = 80, 90, -400


def moved(by: float) -> np.ndarray:
    affine = AFFINE.copy()
    affine[0, 3] += by
    return affine


def saved(path: Path, array: np.ndarray, affine: np.ndarray = AFFINE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(array, affine), path)
    return path


def test_a_pair_is_read_as_two_masks_and_their_spacing(tmp_path: Path) -> None:
    one, two = voxels((1, 2, 3)), voxels((4, 5, 6))
    pair = read_pair(
        saved(tmp_path / "a.nii.gz", one.astype(np.uint8)), saved(tmp_path / "b.nii", two.astype(np.float32))
    )
    np.testing.assert_array_equal(pair.reference, one)
    np.testing.assert_array_equal(pair.other, two)
    assert pair.spacing == pytest.approx((0.7, 0.7, 4.0))


def test_a_label_map_needs_the_label(tmp_path: Path) -> None:
    labels = voxels((1, 2, 3)) * 1 + voxels((4, 5, 6)) * 2
    path = saved(tmp_path / "a.nii.gz", labels.astype(np.uint8))
    with pytest.raises(InputError, match="A: must hold 0 and 1 alone; found values from 0 to 2") as caught:
        read_pair(path, path)
    assert "--label N" in caught.value.hint
    np.testing.assert_array_equal(read_pair(path, path, label=2).other, voxels((4, 5, 6)))


@pytest.mark.parametrize("value", [0.5, -1, 255, np.nan])
def test_values_that_are_no_mask_are_refused(tmp_path: Path, value: float) -> None:
    good = saved(tmp_path / "a.nii.gz", voxels((1, 2, 3)).astype(np.uint8))
    array = voxels((1, 2, 3)).astype(np.float32)
    array[4, 4, 4] = value
    with pytest.raises(InputError, match="B: must hold 0 and 1 alone"):
        read_pair(good, saved(tmp_path / "b.nii.gz", array))


def test_another_grid_or_no_nifti_is_refused_with_the_way_on(tmp_path: Path) -> None:
    good = saved(tmp_path / "a.nii.gz", voxels((1, 2, 3)).astype(np.uint8))
    other = saved(tmp_path / "b.nii.gz", voxels((1, 2, 3)).astype(np.uint8), moved(1.0))
    with pytest.raises(InputError, match="A and B: must lie on one grid; found voxels") as caught:
        read_pair(good, other)
    assert "import-masks" in caught.value.hint
    (tmp_path / "c.nii").write_text("no image")
    with pytest.raises(InputError, match="B: volume: must be a whole NIfTI file"):
        read_pair(good, tmp_path / "c.nii")


def test_files_of_two_folders_belong_together_by_their_names(tmp_path: Path) -> None:
    names = ["4/tumour-v1.nii.gz", "4/oedema-v1.nii.gz", "7.nii"]
    for side in ("a", "b"):
        for name in names:
            saved(tmp_path / side / name, voxels().astype(np.uint8))
        (tmp_path / side / "run.json").write_text("{}")
    pairs = pair_files(tmp_path / "a", tmp_path / "b")
    assert [name for name, _, _ in pairs] == sorted(names)
    assert all(one.relative_to(tmp_path / "a") == two.relative_to(tmp_path / "b") for _, one, two in pairs)


def test_a_suffix_may_be_in_large_letters_and_hidden_files_are_none(tmp_path: Path) -> None:
    for side in ("a", "b"):
        saved(tmp_path / side / "x.nii.gz", voxels((1, 2, 3)).astype(np.uint8)).rename(
            tmp_path / side / "X.NII.GZ"
        )
        saved(tmp_path / side / "y.nii", voxels((4, 5, 6)).astype(np.uint8)).rename(tmp_path / side / "Y.Nii")
    (tmp_path / "a" / "._X.NII.GZ").write_bytes(b"what a file manager leaves")
    pairs = pair_files(tmp_path / "a", tmp_path / "b")
    assert [name for name, _, _ in pairs] == ["X.NII.GZ", "Y.Nii"]
    for (_, one, two), place in zip(pairs, ((1, 2, 3), (4, 5, 6)), strict=True):
        np.testing.assert_array_equal(read_pair(one, two).reference, voxels(place))


def test_a_file_without_a_partner_is_refused_and_not_left_out(tmp_path: Path) -> None:
    for place in ("a/1.nii", "a/2.nii", "b/1.nii", "b/3.nii", "b/Doe.nii"):
        saved(tmp_path / place, voxels().astype(np.uint8))
    with pytest.raises(InputError, match=r"1 of 2 are in A alone, 2 of 3 in B alone") as caught:
        pair_files(tmp_path / "a", tmp_path / "b")
    assert "empty mask" in caught.value.hint
    assert "Doe" not in str(caught.value)


def test_what_is_not_there_or_not_alike_is_a_wrong_usage(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.nii", voxels().astype(np.uint8))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="B: must be a NIfTI file or a folder; found nothing"):
        pair_files(file, tmp_path / "none.nii")
    with pytest.raises(UsageError, match="B: must be a file where A is one"):
        pair_files(file, tmp_path)
    with pytest.raises(UsageError, match="B: must hold NIfTI files"):
        pair_files(tmp_path, tmp_path / "empty")
