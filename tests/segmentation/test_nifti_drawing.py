"""NIfTI of another tool as a drawing: laid in as it is, or resampled, and the note says how grids differ."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from sarcoma_core.errors import SeriesRefused
from sarcoma_core.imaging.nifti_masks import write_mask
from sarcoma_core.imaging.volume import Volume
from sarcoma_core.segmentation.nifti_drawing import NiftiDrawing
from tests.segmentation.drawn import SHAPE, affine, box

GRID = Volume(np.zeros(SHAPE, np.float32), affine())
SMALLEST = 1.5
"""Of the spacings of the grid, mm."""


def drawing(tmp_path: Path, mask: np.ndarray, grid: np.ndarray | None = None) -> NiftiDrawing:
    write_mask(tmp_path / "m.nii.gz", mask, affine() if grid is None else grid)
    return NiftiDrawing(tmp_path / "m.nii.gz", "GTV")


def moved(by: float) -> np.ndarray:
    grid = affine()
    grid[0, 3] += by
    return grid


@pytest.mark.parametrize(("part", "placement"), [(0.09, "as drawn"), (0.11, "resampled")])
def test_a_tenth_of_a_voxel_is_another_grid(tmp_path: Path, part: float, placement: str) -> None:
    one = drawing(tmp_path, box(2, 2, 2), moved(part * SMALLEST))
    assert one.on(1, GRID).placement == placement
    assert one.fits(GRID) == (placement == "as drawn")


def test_a_mask_of_another_grid_says_how_that_differs(tmp_path: Path) -> None:
    fine = affine() @ np.diag([0.5, 1, 1, 1])
    fine[0, 3] = -0.5
    twice = np.repeat(box(2, 2, 2), 2, axis=0)
    cases = [
        (twice, fine, "the shapes 16 x 7 x 6 and 8 x 7 x 6"),
        (
            box(2, 2, 2),
            affine() @ np.diag([1.1, 1, 1, 1]),
            "the spacings 2.2 x 1.5 x 4 mm and 2 x 1.5 x 4 mm",
        ),
        (box(2, 2, 2), moved(1.0), "voxels that are up to 1 mm apart"),
    ]
    for mask, grid, told in cases:
        placed = drawing(tmp_path, mask, grid).on(1, GRID)
        assert placed.placement == "resampled"
        assert placed.notes == (f"it was drawn on another grid: {told}",)


@pytest.mark.parametrize(("part", "told"), [(0.09, False), (0.11, True)])
def test_a_qform_elsewhere_is_noted_and_the_sform_was_used(
    tmp_path: Path, part: float, *, told: bool
) -> None:
    image = nib.Nifti1Image(box(2, 2, 2).astype(np.uint8), affine())
    image.set_sform(affine(), code=1)
    image.set_qform(moved(part * SMALLEST), code=1)
    nib.save(image, tmp_path / "m.nii")
    placed = NiftiDrawing(tmp_path / "m.nii", "GTV").on(1, GRID)
    np.testing.assert_array_equal(placed.mask, box(2, 2, 2))
    assert placed.placement == "as drawn"
    apart = "its qform and sform differ (voxels that are up to 0.165 mm apart): the sform was used"
    assert placed.notes == ((apart,) if told else ())


def test_what_is_empty_or_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SeriesRefused, match="it lies outside the image"):
        drawing(tmp_path, box(2, 2, 2), moved(500.0)).on(1, GRID)
    assert drawing(tmp_path, np.zeros(SHAPE, bool)).regions == ()


def test_several_labels_are_several_regions_and_one_that_is_not_1_says_so(tmp_path: Path) -> None:
    for values, names in (({1: 1}, ["GTV"]), ({1: 1, 3: 2}, ["GTV_1", "GTV_2"]), ({3: 2}, ["GTV_2"])):
        array = np.zeros(SHAPE, np.uint8)
        for row, label in values.items():
            array[row] = label
        nib.save(nib.Nifti1Image(array, affine()), tmp_path / "l.nii")
        assert [region.name for region in NiftiDrawing(tmp_path / "l.nii", "GTV").regions] == names
