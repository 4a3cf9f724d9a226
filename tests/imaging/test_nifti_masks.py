"""Masks as NIfTI: what is written comes back, and what other tools write is understood or refused."""

import struct
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.nifti_masks import MOST_LABELS, read_labels, read_mask, write_mask
from sarcoma_core.imaging.volume import Volume, write_nifti

AFFINE = np.array([[0, -1.5, 0, 10], [2, 0, 0, -20], [0, 0, 4, 5], [0, 0, 0, 1.0]])


def mask() -> np.ndarray:
    return np.random.default_rng(3).random((5, 4, 3)) > 0.5


def written(path: Path, values: np.ndarray) -> Path:
    write_nifti(path, Volume(values.astype(np.float32), AFFINE))
    return path


def test_a_mask_comes_back_with_its_grid(tmp_path: Path) -> None:
    write_mask(tmp_path / "m.nii.gz", mask(), AFFINE)
    image = nib.load(tmp_path / "m.nii.gz")
    assert image.get_data_dtype() == np.uint8
    np.testing.assert_array_equal(image.get_fdata(), mask())
    np.testing.assert_allclose(image.affine, AFFINE)
    held, volume = read_mask(tmp_path / "m.nii.gz")
    np.testing.assert_array_equal(held, mask())
    np.testing.assert_allclose(volume.affine, AFFINE)


def test_equal_masks_give_equal_bytes(tmp_path: Path) -> None:
    for name in "ab":
        write_mask(tmp_path / f"{name}.nii.gz", mask(), AFFINE)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


@pytest.mark.parametrize("value", [0.5, 2, -1])
def test_a_mask_holds_0_and_1_alone(tmp_path: Path, value: float) -> None:
    with pytest.raises(InputError, match="must be 0 and 1"):
        read_mask(written(tmp_path / "m.nii.gz", mask() * value))


def test_each_label_of_a_label_map_is_a_region(tmp_path: Path) -> None:
    values = np.zeros((5, 4, 3))
    values[0], values[2, 1] = 1, 7
    found = read_labels(written(tmp_path / "m.nii.gz", values))
    assert {label: int(one.sum()) for label, one in found.masks.items()} == {1: 12, 7: 3}
    assert not found.probable


def test_an_empty_map_has_no_region(tmp_path: Path) -> None:
    assert read_labels(written(tmp_path / "m.nii.gz", np.zeros((2, 2, 2)))).masks == {}


@pytest.mark.parametrize(("value", "inside"), [(0.55, True), (0.5, True), (0.45, False)])
def test_of_probabilities_a_half_or_more_counts(tmp_path: Path, value: float, *, inside: bool) -> None:
    values = np.zeros((2, 2, 2))
    values[0, 0, 0], values[1, 1, 1] = value, 0.9
    found = read_labels(written(tmp_path / "m.nii.gz", values))
    assert found.probable
    assert found.masks[1][0, 0, 0] == inside
    assert found.masks[1][1, 1, 1]


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        (np.full((2, 2, 2), 1.5), "found an image"),
        (np.array([[[0.0, -1.0]]]), "negative"),
        (np.array([[[0.0, np.nan]]]), "finite"),
        (np.arange(MOST_LABELS + 2.0).reshape(1, 1, -1), f"{MOST_LABELS} labels at most"),
    ],
)
def test_an_image_is_no_mask(tmp_path: Path, values: np.ndarray, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        read_labels(written(tmp_path / "m.nii.gz", values))


def test_as_many_labels_as_a_label_map_may_have_are_read(tmp_path: Path) -> None:
    values = np.arange(MOST_LABELS + 1.0).reshape(1, 1, -1)
    assert len(read_labels(written(tmp_path / "m.nii.gz", values)).masks) == MOST_LABELS


def two_forms(path: Path, moved: float, *, codes: tuple[int, int] = (1, 1)) -> Path:
    """A mask whose qform lies so many mm along x from its sform; their codes, of qform and sform."""
    other = AFFINE.copy()
    other[0, 3] += moved
    image = nib.Nifti1Image(mask().astype(np.uint8), AFFINE)
    image.set_qform(other, code=codes[0])
    image.set_sform(AFFINE, code=codes[1])
    nib.save(image, path)
    return path


@pytest.mark.parametrize(
    ("moved", "told"), [(0.9 * 0.15, ""), (1.1 * 0.15, "voxels that are up to 0.165 mm apart")]
)
def test_a_qform_that_differs_by_a_tenth_of_a_voxel_is_told_and_the_sform_counts(
    tmp_path: Path, moved: float, told: str
) -> None:
    found = read_labels(two_forms(tmp_path / "m.nii", moved))
    assert found.forms_apart == told
    np.testing.assert_allclose(found.volume.affine, AFFINE, atol=1e-5)


@pytest.mark.parametrize("codes", [(0, 1), (1, 0)])
def test_where_one_form_alone_is_coded_nothing_differs(tmp_path: Path, codes: tuple[int, int]) -> None:
    assert read_labels(two_forms(tmp_path / "m.nii", 30.0, codes=codes)).forms_apart == ""


def test_a_qform_that_is_no_rotation_leaves_the_sform(tmp_path: Path) -> None:
    path = two_forms(tmp_path / "m.nii", 0.0)
    content = bytearray(path.read_bytes())
    content[256:268] = struct.pack("<3f", 2.0, 2.0, 2.0)  # quatern_b, c and d
    path.write_bytes(content)
    assert read_labels(path).forms_apart == ""
